"""What the keeper learns of rules, kept in the database."""

from __future__ import annotations

import dataclasses
import logging

import pytest
from django.db import OperationalError, connection

from metrics import lines, loader, rule_stats
from metrics.journal import Journal
from metrics.models import RoutingDecision, RuleStats
from metrics.rule_stats import Teacher
from metrics.stakes import RuleKey
from metrics.types import Usage
from tests.metrics.builders import MOMENT, make_call, make_id, make_record
from tests.routing.clock import Clock

pytestmark = pytest.mark.django_db
KEY = RuleKey("default", "draft-small", "verifier-large", False)
VERIFIER = make_call(
    role="verifier",
    usage=Usage(input_tokens=1200, output_tokens=600),
    cost_nusd=1_000_000,
)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(rule_stats.timezone, "now", lambda: MOMENT)


@pytest.fixture
def add(tmp_path):
    """Loads decisions; each call adds `times` of one kind."""
    journal = Journal(tmp_path)
    numbers = iter(range(1, 10_000))

    def add(times=1, **changes):
        for _ in range(times):
            record = make_record(decision_id=make_id(next(numbers)), **changes)
            journal.append(lines.encode(record))
        loader.load_once(tmp_path)

    return add


def escalated(**changes):
    calls = (make_call(), VERIFIER)
    return {
        "outcome": "escalated",
        "calls": calls,
        "baseline_nusd": 1_000_000,
    } | changes


def test_what_decisions_taught_is_there_for_workers(add):
    add(3)
    add(25, **escalated(estimate_nusd=900_000))
    rule_stats.refresh(0)
    (known,) = rule_stats.load().values()
    assert (known.accepted, known.escalated) == (3, 25)
    assert (known.output_ratio, known.token_ratio) == (2.0, 1.0)
    assert known.error == pytest.approx(0.1)
    assert list(rule_stats.load()) == [KEY]


def test_each_decision_teaches_once(add):
    add(2)
    last = rule_stats.refresh(0)
    assert rule_stats.refresh(last) == last
    add(1)
    assert rule_stats.refresh(rule_stats.known_until()) > last
    assert rule_stats.load()[KEY].accepted == 3


def test_pairs_of_models_and_play_money_are_kept_apart(add):
    add(1)
    add(2, verifier_model="verifier-other")
    add(3, simulated=True)
    rule_stats.refresh(0)
    assert {key: known.accepted for key, known in rule_stats.load().items()} == {
        KEY: 1,
        KEY._replace(verifier_model="verifier-other"): 2,
        KEY._replace(simulated=True): 3,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "pass_through", "reason": "not_eligible:economics"},
        {"aborted": True},
        {"rule": ""},
    ],
)
def test_what_was_not_judged_teaches_nothing(add, changes):
    add(1, **changes)
    assert rule_stats.refresh(0) > 0
    assert rule_stats.load() == {}


def test_a_first_look_goes_back_a_week(add):
    add(1, started_at=MOMENT - 2 * rule_stats.LOOK_BACK)
    old = RoutingDecision.objects.get().pk
    assert rule_stats.known_until() == 0
    add(1)
    assert rule_stats.known_until() == old


def test_loading_is_one_query(add, django_assert_num_queries):
    add(1)
    rule_stats.refresh(0)
    with django_assert_num_queries(1):
        rule_stats.load()


# --- Within the keeper ----------------------------------------------------------------


def test_the_keeper_learns_once_a_minute(add):
    clock = Clock()
    teacher = Teacher(clock=clock)
    add(1)
    teacher.work()
    add(1)
    teacher.work()
    assert rule_stats.load()[KEY].accepted == 1
    clock.now += rule_stats.REFRESH_S
    teacher.work()
    assert rule_stats.load()[KEY].accepted == 2


def test_a_backlog_is_not_waited_for(add, monkeypatch):
    monkeypatch.setattr(rule_stats, "BATCH", 2)
    add(4)
    teacher = Teacher(clock=Clock())
    teacher.work()
    teacher.work()
    assert rule_stats.load()[KEY].accepted == 4


def test_a_rule_that_pauses_and_comes_back_is_said_once_each(add, caplog):
    clock = Clock()
    teacher = Teacher(clock=clock)
    dear = make_call(cost_nusd=300_000)
    add(60, **escalated(calls=(dear, VERIFIER)))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            teacher.work()
            clock.now += rule_stats.REFRESH_S
        add(60, baseline_nusd=1_000_000, calls=(dear,))
        teacher.work()
    words = [entry.getMessage() for entry in caplog.records]
    assert [text.partition(":")[0] for text in words] == [
        "The rule default is paused",
        "The rule default asks drafts again.",
    ]


def test_a_database_that_is_away_stops_nothing(monkeypatch, caplog):
    def away():
        raise OperationalError("locked")

    monkeypatch.setattr(rule_stats, "known_until", away)
    Teacher().work()
    assert "Nothing is learned from decisions: locked" in caplog.text
    assert connection.is_usable()


def test_what_a_later_version_does_not_know_is_nothing(add):
    add(1)
    rule_stats.refresh(0)
    RuleStats.objects.update(sums={})
    assert dataclasses.replace(rule_stats.load()[KEY]).outcomes == 0


def test_what_somebody_tried_out_teaches_nothing(load):
    load(make_record(tag="try"))
    assert rule_stats.refresh(0) > 0
    assert rule_stats.load() == {}


def shadow_of(number, **changes):
    asked = dataclasses.replace(VERIFIER, role="shadow")
    values = {"outcome": "shadow", "about": make_id(number), "baseline_nusd": 0}
    return values | {"calls": (asked,), "confidence": None} | changes


def test_shadow_evaluations_of_accepted_drafts_tell_how_long_answers_are(add):
    add(20)
    for number in range(1, 21):
        add(1, **shadow_of(number))
    rule_stats.refresh(0)
    known = rule_stats.load()[KEY]
    assert known.output_ratio == pytest.approx(2.0)
    assert (known.accepted, known.escalated) == (20, 0)


@pytest.mark.parametrize(
    "changes", [{"about": make_id(999)}, {"about": ""}, {"calls": ()}]
)
def test_a_shadow_evaluation_of_nothing_teaches_nothing(add, changes):
    add(20)
    for number in range(1, 21):
        add(1, **shadow_of(number, **changes))
    rule_stats.refresh(0)
    assert rule_stats.load()[KEY].output_ratio is None


def test_observed_drafts_are_no_pair(add):
    add(20, outcome="pass_through", calls=(VERIFIER,))
    for number in range(1, 21):
        add(1, **shadow_of(number))
    rule_stats.refresh(0)
    assert rule_stats.load() == {}


@pytest.mark.parametrize("reason", ["veto:unknown_tool", "draft_timeout"])
def test_drafts_that_were_left_do_not_tell_how_long_answers_are(add, reason):
    add(25, **escalated(reason=reason))
    rule_stats.refresh(0)
    known = rule_stats.load()[KEY]
    assert known.escalated == 25
    assert known.output_ratio is None
