import pytest

from bench.quality.breakeven import Acceptance, advice, break_even


def test_what_is_paid_for_each_draft_must_be_saved_by_those_accepted():
    assert break_even(8, 0, 100) == pytest.approx(0.08)
    assert break_even(8, 4, 100) == pytest.approx(0.12)


def test_a_verifier_that_costs_nothing_cannot_be_saved():
    assert break_even(1, 0, 0) == float("inf")


@pytest.mark.parametrize(
    ("accepted", "asked", "says"),
    [(0, 0, "unclear"), (3, 200, "loses"), (150, 200, "pays"), (18, 200, "unclear")],
)
def test_advice_is_given_when_it_is_certain(accepted, asked, says):
    assert advice(Acceptance(accepted=accepted, asked=asked), 0.08) == says


def test_the_interval_narrows_around_the_share():
    few = Acceptance(accepted=5, asked=10).interval()
    many = Acceptance(accepted=500, asked=1000).interval()
    assert few[0] < many[0] < 0.5 < many[1] < few[1]
