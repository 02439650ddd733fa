import pytest

from metrics.stakes import (
    NO_STAKES,
    NOTHING_LEARNED,
    Learned,
    RuleKey,
    mostly,
    pause_in_words,
    paused_rules,
)
from tests.builders import make_usage

KEY = RuleKey("default", "draft-small", "verifier-large", False)
# Drafts cost a tenth of what the verifier alone does.
MONEY = {"draft_nusd": 10.0, "baseline_nusd": 100.0}


def learned(accepted=0.0, escalated=0.0, **changes):
    return Learned(accepted=accepted, escalated=escalated, **MONEY | changes)


def test_break_even_is_what_drafts_cost_of_the_verifier_alone():
    assert learned().break_even == 0.1
    assert NOTHING_LEARNED.break_even is None


def test_acceptance_is_drawn_to_the_prior_until_there_is_more():
    assert NOTHING_LEARNED.acceptance is None
    assert NOTHING_LEARNED.expected_acceptance(0.85) == 0.85
    assert learned(0, 20).expected_acceptance(0.8) == pytest.approx(0.4)
    assert learned(0, 2000).expected_acceptance(0.8) == pytest.approx(0.008, abs=1e-3)


@pytest.mark.parametrize(
    ("accepted", "escalated", "paused"),
    [
        (0, 29, False),  # too few
        (0, 40, True),
        (1, 60, True),
        (6, 60, False),  # under break-even, but not surely
        (50, 50, False),
    ],
)
def test_a_rule_pauses_when_its_acceptance_is_surely_under_break_even(
    accepted, escalated, paused
):
    assert learned(accepted, escalated).paused is paused


def test_without_known_prices_no_rule_pauses():
    assert not learned(0, 500, draft_nusd=0.0, baseline_nusd=0.0).paused


def test_a_rule_that_is_hardly_asked_comes_back_as_its_decisions_fade():
    assert learned(0, 40).paused
    assert not learned(0, 40 / 2).paused


def test_paused_rules_are_named_once():
    other = KEY._replace(verifier_model="verifier-other")
    bad, good = learned(0, 90), learned(90, 1)
    fine = KEY._replace(rule="fine")
    assert paused_rules({KEY: bad, other: bad, fine: good}) == ["default"]


def test_of_a_rule_the_pair_that_was_drafted_most_is_told():
    other = KEY._replace(verifier_model="verifier-other")
    assert mostly({KEY: learned(1), other: learned(5)}, "default") == learned(5)
    assert mostly({}, "default") == NOTHING_LEARNED


def test_a_pause_is_told_in_words():
    assert pause_in_words(KEY, learned(2, 98)) == (
        "The rule default is paused: 2.0 % of the drafts of draft-small are accepted, "
        "and below 10.0 % they cost more than verifier-large alone."
    )


def test_what_is_not_known_has_no_price():
    assert NO_STAKES.draft_price(make_usage()) is None
