from __future__ import annotations

from functools import partial

from metrics.types import Price, Usage
from routing.limits.expecting import ENOUGH, Expected, Experience, guess, tokens_of
from tests.builders import make_usage
from tests.metrics.builders import make_call

PRICE = Price(
    input_nusd=10**9,
    output_nusd=10**10,
    cache_read_nusd=0,
    cache_write_5m_nusd=0,
    cache_write_1h_nusd=0,
)


def price_of(_usage: Usage, price: Price | None = PRICE) -> Price | None:
    return price


def filled(costs):
    seen = Experience()
    for nusd in costs:
        seen.add(7, "m", nusd=nusd, tokens=nusd * 10)
    return seen


def test_expects_what_nineteen_of_twenty_did_not_exceed():
    costs = [*range(1, 20), 1000]
    assert filled(costs).high(7, "m") == Expected(nusd=19, tokens=190)


def test_the_last_ones_count_alone():
    assert filled([1000] * 64 + [5] * 64).high(7, "m") == Expected(nusd=5, tokens=50)


def test_few_are_no_guide():
    assert filled([5] * (ENOUGH - 1)).high(7, "m") is None
    assert filled([5] * ENOUGH).high(7, "m") is not None


def test_each_key_and_model_teaches_for_itself():
    seen = filled([5] * ENOUGH)
    assert seen.high(8, "m") is None
    assert seen.high(7, "other") is None


def test_an_unknown_cost_teaches_nothing():
    seen = Experience()
    for _ in range(20):
        seen.add(7, "m", nusd=None, tokens=1)
    assert seen.high(7, "m") is None


def test_guesses_from_the_prompt_and_a_usual_answer():
    got = guess(1_000_000, 128_000, [price_of])
    assert got == Expected(nusd=10**9 + 2_000 * 10**4, tokens=1_002_000)


def test_a_short_answer_is_taken_at_its_word():
    assert guess(0, 100, [price_of]) == Expected(nusd=100 * 10**4, tokens=100)


def test_counts_every_model_that_may_be_asked():
    assert guess(0, 100, [price_of, price_of]).nusd == 200 * 10**4


def test_one_without_a_price_makes_the_cost_unknown():
    unpriced = partial(price_of, price=None)
    assert guess(0, 100, [price_of, unpriced]).nusd is None


def test_what_is_read_from_a_cache_is_not_counted():
    calls = [
        make_call(usage=make_usage(100, 10, cache_read=5000, cache_write_5m=50)),
        make_call(usage=None),
    ]
    assert tokens_of(calls) == 160
