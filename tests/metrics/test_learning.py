from datetime import timedelta

import pytest

from metrics.learning import (
    HALF_LIFE_S,
    MAX_ERRORS,
    Lesson,
    Tally,
    Told,
    faded,
    learned,
    median_error,
    taught,
)
from metrics.types import Usage
from tests.metrics.builders import MOMENT, make_call

DRAFT = make_call(usage=Usage(input_tokens=1_000, output_tokens=100), cost_nusd=10)
VERIFIER = make_call(
    role="verifier",
    usage=Usage(input_tokens=1_300, output_tokens=150),
    cost_nusd=200,
)


def lesson(outcome="accepted", calls=(DRAFT,), at=MOMENT, **changes):
    values = {"baseline_nusd": 100, "estimate_nusd": None}
    told = [Told.of(call) for call in calls]
    return Lesson(at=at, outcome=outcome, calls=told, **values | changes)


def escalation(**changes):
    return lesson("escalated", (DRAFT, VERIFIER), **changes)


def test_outcomes_and_their_money_are_summed():
    known = learned(taught(Tally(), [lesson(), lesson(), escalation()]))
    assert (known.accepted, known.escalated) == (2, 1)
    assert known.acceptance == pytest.approx(2 / 3)
    assert known.break_even == pytest.approx(0.1)
    assert known.draft_output_tokens == 100


def test_a_decision_counts_half_after_a_day():
    later = MOMENT + timedelta(seconds=HALF_LIFE_S)
    known = learned(taught(Tally(), [lesson(), lesson("escalated", at=later)]))
    assert (known.accepted, known.escalated) == (0.5, 1.0)
    assert learned(faded(Tally(), later)).outcomes == 0


def test_decisions_that_come_late_count_whole():
    earlier = MOMENT - timedelta(hours=5)
    known = learned(taught(Tally(), [lesson(), lesson(at=earlier)]))
    assert known.accepted == 2


def test_ratios_are_told_once_there_are_enough_pairs():
    few = learned(taught(Tally(), [escalation()] * 4))
    assert (few.token_ratio, few.output_ratio) == (None, None)
    some = learned(taught(Tally(), [escalation()] * 5))
    assert (some.token_ratio, some.output_ratio) == (pytest.approx(1.3), None)
    many = learned(taught(Tally(), [escalation()] * 20))
    assert many.output_ratio == pytest.approx(1.5)


@pytest.mark.parametrize(
    "verifier",
    [
        make_call(role="verifier", status=529, usage=None, cost_nusd=0),
        make_call(role="verifier", usage=None, cost_nusd=None),
        make_call(role="verifier", usage=Usage(input_tokens=9)),
    ],
)
def test_an_escalation_without_both_answers_is_no_pair(verifier):
    lessons = [lesson("escalated", (DRAFT, verifier))] * 30
    known = learned(taught(Tally(), lessons))
    assert (known.escalated, known.token_ratio, known.output_ratio) == (30, None, None)


@pytest.mark.parametrize(
    "unknown",
    [
        lesson(baseline_nusd=None),
        lesson(calls=(make_call(cost_nusd=None),)),
    ],
)
def test_unknown_money_is_on_neither_side(unknown):
    known = learned(taught(Tally(), [lesson(), unknown]))
    assert (known.accepted, known.break_even) == (2, pytest.approx(0.1))


def test_a_draft_that_was_tried_twice_cost_twice():
    busy = make_call(status=429, usage=None, cost_nusd=5)
    known = learned(taught(Tally(), [lesson(calls=(busy, DRAFT))]))
    assert known.break_even == pytest.approx(0.15)


def test_the_error_of_the_estimate_is_a_median_of_the_newest():
    estimates = [100, 180, 210, 240, 1000]
    lessons = [escalation(estimate_nusd=each) for each in estimates]
    known = learned(taught(Tally(), lessons))
    assert (known.error, known.error_samples) == (pytest.approx(0.2), 5)
    lessons = [escalation(estimate_nusd=200)] * (MAX_ERRORS + 9)
    assert learned(taught(Tally(), lessons)).error_samples == MAX_ERRORS


def test_a_few_errors_tell_nothing():
    assert median_error((0.1, 0.1)) is None


def test_a_shadow_evaluation_is_a_pair_and_no_decision():
    shadow = lesson("shadow", (DRAFT, VERIFIER), estimate_nusd=100)
    known = learned(taught(Tally(), [shadow] * 20))
    assert known.output_ratio == pytest.approx(1.5)
    assert known.token_ratio == pytest.approx(1.3)
    assert (known.outcomes, known.draft_output_tokens) == (0, None)
    assert (known.draft_nusd, known.baseline_nusd) == (0, 0)


def test_a_shadow_evaluation_without_an_answer_teaches_nothing():
    failed = make_call(role="verifier", status=529, usage=None, cost_nusd=0)
    assert learned(taught(Tally(), [lesson("shadow", (DRAFT, failed))] * 20)) == (
        learned(taught(Tally(), []))
    )


def test_a_draft_that_was_left_tells_its_money_and_not_its_length():
    left = escalation(cut_off=True)
    known = learned(taught(Tally(), [left] * 20))
    assert (known.escalated, known.draft_nusd) == (20, 200)
    assert (known.output_ratio, known.draft_output_tokens) == (None, None)


def test_a_spare_verifier_is_paid_because_of_the_draft():
    spare = make_call(role="spare", status=None, cost_nusd=200)
    known = learned(taught(Tally(), [lesson(calls=(DRAFT, spare))]))
    assert known.draft_nusd == 210
