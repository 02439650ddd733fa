import pytest

from metrics.baseline import baseline_nusd, total_cost_nusd
from metrics.types import Price, Usage
from tests.metrics.builders import make_call

VERIFIER_PRICE = Price(
    input_nusd=4_000_000_000,
    output_nusd=20_000_000_000,
    cache_read_nusd=200_000_000,
    cache_write_5m_nusd=5_000_000_000,
    cache_write_1h_nusd=8_000_000_000,
)
DRAFT = make_call(usage=Usage(input_tokens=1000, output_tokens=100))
VERIFIER = make_call(role="verifier", cost_nusd=7_000_000)


def baseline(*calls, price=VERIFIER_PRICE):
    return baseline_nusd(calls, verifier_price=price)


def test_an_accepted_draft_is_reckoned_at_the_verifiers_price():
    assert baseline(DRAFT) == 6_000_000


def test_the_verifiers_own_cost_is_the_truth_when_it_was_asked():
    assert baseline(DRAFT, VERIFIER) == 7_000_000
    assert baseline(VERIFIER, price=None) == 7_000_000


def test_a_verifier_that_failed_would_have_failed_without_a_draft():
    failed = make_call(role="verifier", status=529, usage=None, cost_nusd=0)
    assert baseline(DRAFT, failed) == 0


def test_an_answer_of_the_fallback_is_reckoned_at_the_verifiers_price():
    failed = make_call(role="verifier", status=529, usage=None, cost_nusd=0)
    answered = make_call(role="fallback", usage=Usage(input_tokens=500))
    assert baseline(DRAFT, failed, answered) == 2_000_000


def test_a_fallback_that_failed_too_changes_nothing():
    failed = make_call(role="verifier", status=529, usage=None, cost_nusd=0)
    too = make_call(role="fallback", status=529, usage=None, cost_nusd=0)
    assert baseline(failed, too) == 0


def test_of_several_tries_of_a_draft_the_last_one_answered():
    busy = make_call(status=429, usage=None, cost_nusd=0)
    assert baseline(busy, DRAFT) == 6_000_000


def test_cached_tokens_keep_their_class():
    cached = make_call(usage=Usage(cache_read_tokens=1_000_000))
    assert baseline(cached) == 200_000_000


@pytest.mark.parametrize(
    ("calls", "price"),
    [
        ((make_call(usage=None),), VERIFIER_PRICE),
        ((DRAFT,), None),
        ((DRAFT, make_call(role="verifier", cost_nusd=None)), VERIFIER_PRICE),
    ],
)
def test_what_is_not_known_is_none_and_never_nothing(calls, price):
    assert baseline(*calls, price=price) is None


def test_checks_of_our_own_are_no_part_of_it():
    judge = make_call(role="judge", cost_nusd=99)
    assert baseline(DRAFT, judge) == baseline(DRAFT)
    assert total_cost_nusd([DRAFT, judge]) == DRAFT.cost_nusd + 99


def test_nobody_asked_costs_nothing():
    assert baseline() == 0
    assert total_cost_nusd([]) == 0


def test_one_unknown_cost_makes_the_sum_unknown():
    assert total_cost_nusd([DRAFT, make_call(cost_nusd=None)]) is None
