import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.calculator import Priced, Scenario, forecast
from metrics.types import Price

CHEAP = Price(
    input_nusd=10**9,
    output_nusd=5 * 10**9,
    cache_read_nusd=10**8,
    cache_write_5m_nusd=125 * 10**7,
    cache_write_1h_nusd=2 * 10**9,
)
DEAR = Price(
    input_nusd=5 * 10**9,
    output_nusd=25 * 10**9,
    cache_read_nusd=5 * 10**8,
    cache_write_5m_nusd=625 * 10**7,
    cache_write_1h_nusd=10 * 10**9,
)
DRAFT, VERIFIER = Priced("small", lambda _: CHEAP), Priced("large", lambda _: DEAR)


def scenario(**changes):
    usual = {
        "requests": 1_000,
        "prompt_tokens": 10_000,
        "output_tokens": 1_000,
        "cached_share": 0.0,
        "acceptance": 0.6,
        "checks_share": 0.0,
    }
    return Scenario(**usual | changes)


def test_every_draft_is_paid_and_each_one_turned_down_is_paid_twice():
    found = forecast(scenario(), DRAFT, VERIFIER)
    assert (found.draft_nusd, found.verifier_nusd) == (15_000_000, 75_000_000)
    assert found.baseline_nusd == 1_000 * 75_000_000
    assert found.cost_nusd == 1_000 * 15_000_000 + 400 * 75_000_000
    assert found.saving_nusd == 30 * 10**9
    assert found.saving_share == pytest.approx(0.4)
    assert found.break_even == pytest.approx(0.2)


def test_checks_are_paid_for_and_raise_the_break_even():
    found = forecast(scenario(checks_share=0.5), DRAFT, VERIFIER)
    assert found.check_nusd == 7_500_000
    assert found.break_even == pytest.approx(0.3)


@given(
    acceptance=st.integers(0, 1_000).map(lambda n: n / 1_000),
    cached=st.floats(0, 1),
    checks=st.floats(0, 2),
)
def test_it_saves_exactly_above_the_break_even(acceptance, cached, checks):
    month = scenario(acceptance=acceptance, cached_share=cached, checks_share=checks)
    found = forecast(month, DRAFT, VERIFIER)
    if acceptance > found.break_even:
        assert found.saving_nusd > 0
    if acceptance < found.break_even:
        assert found.saving_nusd < 0


def test_cached_tokens_are_read_and_short_prefixes_are_not_cached():
    warm = forecast(scenario(cached_share=0.5), DRAFT, VERIFIER)
    assert warm.draft_nusd == 5_000_000 + 500_000 + 5_000_000
    short = forecast(scenario(prompt_tokens=1_000, cached_share=0.5), DRAFT, VERIFIER)
    assert short.draft_nusd == 1_000_000 + 5_000_000


def test_models_that_count_differently_are_not_compared_raw():
    earlier = Priced("claude-haiku-4-5", lambda _: CHEAP)
    newer = Priced("claude-opus-5-5", lambda _: DEAR)
    found = forecast(scenario(prompt_tokens=13_000), earlier, newer)
    assert found.verifier_nusd == 65_000_000 + 25_000_000
    assert found.draft_nusd == 10_000_000 + 769 * 5_000


def test_a_tier_reprices_all_tokens_and_is_told():
    tiered = Priced("t", lambda usage: DEAR if usage.prompt_tokens > 9_999 else CHEAP)
    long, short = (
        forecast(scenario(prompt_tokens=tokens), tiered, VERIFIER)
        for tokens in (10_000, 9_999)
    )
    assert (long.draft_tier, long.verifier_tier) == (True, False)
    assert long.draft_nusd == 75_000_000
    assert not short.draft_tier
    assert short.draft_nusd == 14_999_000


@pytest.mark.parametrize("unknown", ["draft", "verifier"])
def test_what_depends_on_an_unknown_price_is_unknown(unknown):
    models = {"draft": DRAFT, "verifier": VERIFIER}
    found = forecast(scenario(), **models | {unknown: Priced("new", lambda _: None)})
    assert getattr(found, f"{unknown}_nusd") is None
    told = (found.cost_nusd, found.saving_nusd, found.saving_share, found.break_even)
    assert told == (None, None, None, None)
