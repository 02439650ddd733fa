from typing import get_args

import pytest

from metrics import baseline, explanations
from metrics.models import RoutingDecision


def decision(**changes):
    values = {
        "outcome": "accepted",
        "status": 200,
        "rule": "default",
        "served_model": "draft-small",
        "aborted": False,
        "simulated": False,
        "stream": False,
    }
    return RoutingDecision(**values | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "The draft was accepted: draft-small answered."),
        ({"outcome": "escalated"}, "turned down, so it was escalated"),
        ({"outcome": "pass_through"}, "no draft was judged"),
        ({"outcome": "account", "endpoint": "files"}, "account endpoint files"),
        (
            {"status": 529, "served_model": ""},
            "no model answered. It ended with status",
        ),
        ({"outcome": "shadow"}, "after an answer had gone, to learn from it"),
        ({"aborted": True, "status": 499}, "The client left before the answer ended."),
    ],
)
def test_outcomes_are_told_in_words(changes, words):
    assert words in explanations.outcome_in_words(decision(**changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outcome": "escalated", "reason": "veto:cut_off"}, "was cut off"),
        ({"outcome": "escalated", "reason": "veto:new"}, "recorded as veto:new."),
        ({}, "the confidence reached the threshold"),
        ({"outcome": "pass_through", "rule": ""}, "No rule applies"),
        ({"outcome": "pass_through"}, "No reason was recorded."),
        ({"outcome": "escalated", "reason": "unsupported"}, "spoke for the draft"),
        ({"outcome": "pass_through", "reason": "observed"}, "only observes"),
        ({"outcome": "shadow"}, "Two answers to one request"),
        ({"outcome": "account", "rule": ""}, "Rules are about messages"),
    ],
)
def test_reasons_are_told_in_words(changes, words):
    assert words in explanations.reason_in_words(decision(**changes))


@pytest.mark.parametrize("basis", get_args(baseline.Basis))
def test_every_basis_has_words(basis):
    words = explanations.basis_in_words(decision(baseline_basis=basis))
    assert words == explanations.BASES[basis]


def test_a_basis_nobody_taught_us_is_named():
    assert "guess" in explanations.basis_in_words(decision(baseline_basis="guess"))


def test_an_estimate_is_held_against_the_truth():
    told = decision(estimate_nusd=1_100_000_000, baseline_nusd=1_000_000_000)
    words = explanations.estimate_in_words(told)
    assert words.endswith("estimated at $1.10, off by +10.0 %.")
    assert explanations.estimate_in_words(decision()) == ""
    free = decision(estimate_nusd=5, baseline_nusd=0)
    assert "off by" not in explanations.estimate_in_words(free)


def test_signals_say_what_they_did():
    assert "escalates" in explanations.effect_in_words("cut_off", 1.0)
    assert "assumption" in explanations.effect_in_words("prior", 0.8)
    assert "not recorded" in explanations.effect_in_words("length", 3.0)
    assert "not recorded" in explanations.effect_in_words("judge", 0.3)
    assert "not recorded" in explanations.effect_in_words("judge", None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("route", 0.7, "base rate of its route"),
        ("gate", 0.4, "first confidence"),
        ("gate_version", 3.0, "version of what was learned"),
        ("second_opinion", 1.0, "the same answer"),
        ("second_opinion", 0.0, "another answer"),
        ("judge", 1.0, "good"),
        ("judge", 0.5, "not sure"),
        ("judge", 0.0, "flawed"),
    ],
)
def test_what_was_learned_and_asked_has_words(name, value, words):
    assert words in explanations.effect_in_words(name, value)


def test_signals_stand_in_the_order_in_which_a_draft_is_judged():
    told = decision(
        signals={"judge": 1.0, "gate": 0.6, "gate_version": 2.0, "route": 0.7},
        confidence=0.9,
    )
    names = [name for name, *_ in explanations.signals_of(told)]
    assert names == ["route", "gate", "gate_version", "judge"]


def test_marks_stand_for_what_is_special():
    assert explanations.marks_of(decision()) == []
    special = decision(simulated=True, repeat=True, aborted=True, stream=True)
    marks = [mark for mark, _ in explanations.marks_of(special)]
    assert marks == ["simulated", "repeat", "aborted"]


def test_vetoes_come_first_then_the_prior_then_the_rest():
    decision = RoutingDecision(
        signals={"length": 3.0, "prior": 0.8, "cut_off": 1.0, "empty": 1.0},
        confidence=0.0,
    )
    told = [(name, value) for name, value, _ in explanations.signals_of(decision)]
    assert told == [("cut_off", 1.0), ("empty", 1.0), ("prior", 0.8), ("length", 3.0)]


def test_a_prior_that_is_the_confidence_is_told_though_it_is_not_stored():
    decision = RoutingDecision(signals={}, confidence=0.85)
    ((name, value, effect),) = explanations.signals_of(decision)
    assert (name, value) == ("prior", 0.85)
    assert "assumption" in effect


def test_without_a_judged_draft_there_are_no_signals():
    assert explanations.signals_of(RoutingDecision(signals={}, confidence=None)) == []
