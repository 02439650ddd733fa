"""What is behind the page of a rule."""

from __future__ import annotations

from datetime import timedelta

import pytest

from metrics import rollups, rule_reports
from metrics.label_models import Label
from metrics.periods import Period
from metrics.what_if import WEIGHT
from tests.metrics.builders import MOMENT, make_id, make_record

pytestmark = pytest.mark.django_db
PERIOD = Period(first=MOMENT.date(), last=MOMENT.date())
ESCALATED = {"outcome": "escalated", "cost_nusd": 300_000, "baseline_nusd": 700_000}


def label(number: int, **changes) -> Label:
    values = {
        "decision_id": make_id(number),
        "source": "agreement",
        "worse": False,
        "probability": 0.1,
        "decided_at": MOMENT,
        "rule": "default",
        "draft_model": "draft-small",
        "verifier_model": "verifier-large",
        "outcome": "accepted",
        "confidence": 0.85,
        "simulated": False,
    }
    return Label(**values | changes)


def labelled(*labels: Label):
    Label.objects.bulk_create(labels)
    return rule_reports.labelled("default", PERIOD, simulated=False)


def test_judged_drafts_are_told_by_what_became_of_them(load):
    load(
        make_record(decision_id=make_id(1), confidence=0.29),
        make_record(decision_id=make_id(2), confidence=1.0, cost_nusd=None),
        make_record(decision_id=make_id(3), confidence=0.29, **ESCALATED),
        make_record(decision_id=make_id(4), confidence=0, reason="veto:empty"),
        make_record(decision_id=make_id(5), confidence=None, outcome="pass_through"),
        make_record(decision_id=make_id(6), confidence=0.29, rule="another"),
        make_record(decision_id=make_id(7), confidence=0.29, simulated=True),
    )
    rollups.fold()
    judged = rule_reports.judged("default", PERIOD, simulated=False)
    assert (judged.accepted[29], judged.accepted[99], judged.rejected[29]) == (1, 1, 1)
    assert (judged.accepted_nusd[29], judged.accepted_nusd[99]) == (10_800_000, 0)
    assert judged.rejected_nusd[29] == 700_000
    assert (sum(judged.accepted), sum(judged.rejected), judged.vetoed) == (2, 1, 1)


def test_a_label_stands_for_as_many_as_its_chance_says_less_its_doubt():
    told = labelled(label(1), label(2, worse=True, trust=0.5, probability=0.25))
    assert told.samples[85] == 2
    assert told.weight[85] == 10 * WEIGHT + 2 * WEIGHT
    assert told.worse_weight[85] == 2 * WEIGHT


@pytest.mark.parametrize("first", [True, False])
def test_of_two_labels_that_are_trusted_alike_the_one_that_says_worse_counts(first):
    told = labelled(
        label(1, worse=first, source="agreement"),
        label(1, worse=not first, source="judge"),
    )
    assert sum(told.samples) == 1
    assert told.worse_weight == told.weight


def test_of_several_labels_of_a_draft_the_most_trusted_counts():
    doubted = label(1, source="judge", worse=True, trust=0.4)
    told = labelled(doubted, label(1, trust=0.9))
    assert (told.samples[85], told.worse_weight[85]) == (1, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"probability": None},
        {"confidence": None},
        {"trust": 0.0},
        {"rule": "another"},
        {"simulated": True},
        {"decided_at": MOMENT - timedelta(days=1)},
    ],
)
def test_labels_that_stand_for_none_of_these_drafts_are_left_out(changes):
    assert sum(labelled(label(1, **changes)).samples) == 0


def test_a_rule_has_decided_also_when_its_rows_are_gone(load):
    load(make_record())
    rollups.fold()
    assert rule_reports.has_decided("default")
    assert not rule_reports.has_decided("another")
