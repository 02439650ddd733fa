"""Decisions as another threshold would have had them."""

from __future__ import annotations

import pytest

from metrics import simulation
from metrics.simulation import Decided


def decided(**changes) -> Decided:
    values = {
        "rule": "a",
        "simulated": False,
        "outcome": "accepted",
        "reason": "",
        "confidence": 0.8,
        "cost_nusd": 10,
        "baseline_nusd": 100,
    }
    return Decided(**values | changes)


ESCALATED = {"outcome": "escalated", "reason": "low_confidence", "cost_nusd": 110}


def sums_of(*decisions, threshold):
    kinds = simulation.replayed(decisions, threshold)
    return simulation.total(kinds[False].values())


def test_the_threshold_that_held_gives_what_happened():
    sums = sums_of(decided(), decided(confidence=0.5, **ESCALATED), threshold=0.7)
    assert (sums.then_accepted, sums.then_cost_nusd) == (1, 120)
    assert sums.then_saving_nusd == sums.saving_nusd == 80


def test_a_confidence_that_reaches_the_threshold_is_accepted():
    assert sums_of(decided(confidence=0.7), threshold=0.7).lost == 0
    assert sums_of(decided(confidence=0.6999), threshold=0.7).lost == 1


def test_what_moves_is_worth_its_baseline():
    sums = sums_of(decided(), decided(confidence=0.5, **ESCALATED), threshold=0.4)
    assert (sums.gained, sums.gained_nusd, sums.then_cost_nusd) == (1, 100, 20)
    sums = sums_of(decided(), decided(confidence=0.5, **ESCALATED), threshold=0.9)
    assert (sums.lost, sums.lost_nusd, sums.then_cost_nusd) == (1, 100, 220)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "veto:empty", "confidence": 0.0, "outcome": "escalated"},
        {"reason": "draft_timeout", "confidence": None, "outcome": "escalated"},
        {
            "reason": "not_eligible:prefill",
            "confidence": None,
            "outcome": "pass_through",
        },
    ],
)
def test_what_no_threshold_decides_stays_as_it_was(changes):
    sums = sums_of(decided(**changes), threshold=0.0)
    assert (sums.gained, sums.lost, sums.vetoed + sums.unjudged) == (0, 0, 1)


def test_what_moves_without_known_money_is_counted_and_in_no_sum():
    sums = sums_of(decided(baseline_nusd=None), threshold=0.9)
    assert (sums.unknown, sums.moved_unknown, sums.lost) == (1, 1, 1)
    assert (sums.cost_nusd, sums.lost_nusd) == (0, 0)


def test_real_and_simulated_money_are_apart_also_for_one_rule():
    both = (decided(), decided(simulated=True, cost_nusd=1))
    kinds = simulation.replayed(both, None)
    assert kinds[False]["a"].cost_nusd == 10
    assert kinds[True]["a"].cost_nusd == 1


def test_without_a_threshold_nothing_moves():
    sums = sums_of(decided(confidence=0.0), threshold=None)
    assert (sums.lost, sums.then_cost_nusd) == (0, 10)


def test_a_shadow_evaluation_costs_and_is_no_decision():
    sums = simulation.Sums()
    shadow = Decided(
        rule="a",
        simulated=False,
        outcome="shadow",
        reason="",
        confidence=0.9,
        cost_nusd=7,
        baseline_nusd=0,
    )
    sums.add(shadow, 0.5)
    assert (sums.decisions, sums.cost_nusd, sums.then_cost_nusd) == (0, 7, 7)
