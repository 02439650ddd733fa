import random
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import price_snapshot
from metrics.price_book import PriceBook, PriceRow
from metrics.pricing import cost_nusd
from metrics.types import Price, Usage
from tests.metrics.builders import DRAFT_PRICE

TODAY = datetime(2026, 11, 23, tzinfo=UTC)
COUNT = st.integers(0, 2_000_000)


def shipped_book():
    return PriceBook(
        PriceRow(
            provider=p.provider,
            model=p.model,
            valid_from=p.valid_from,
            above_prompt_tokens=p.above_prompt_tokens,
            price=Price(
                input_nusd=int(p.input_usd * 10**9),
                output_nusd=int(p.output_usd * 10**9),
                cache_read_nusd=int(p.cache_read_usd * 10**9),
                cache_write_5m_nusd=int(p.cache_write_5m_usd * 10**9),
                cache_write_1h_nusd=int(p.cache_write_1h_usd * 10**9),
            ),
        )
        for p in price_snapshot.read().prices
    )


def random_usage(rng):
    biggest = rng.choice((10, 5_000, 60_000, 250_000))
    return Usage(
        input_tokens=rng.randint(0, biggest),
        output_tokens=rng.randint(0, 20_000),
        cache_read_tokens=rng.choice((0, rng.randint(0, biggest))),
        cache_write_5m_tokens=rng.choice((0, rng.randint(0, biggest))),
        cache_write_1h_tokens=rng.choice((0, rng.randint(0, biggest))),
    )


def package_cost_nusd(provider, model, usage):
    answer = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_5m_tokens
            + usage.cache_write_1h_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=TODAY,
    )
    nusd = answer.total_price * 10**9
    return int(nusd.to_integral_value(rounding=ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(input_tokens=1_000_000), "0.10"),
        (Usage(output_tokens=1_000_000), "0.50"),
        (Usage(cache_read_tokens=1_000_000), "0.01"),
        (Usage(cache_write_5m_tokens=1_000_000), "0.125"),
        (Usage(cache_write_1h_tokens=1_000_000), "0.20"),
        (Usage(input_tokens=1200, output_tokens=300), "0.00027"),
        (Usage(), "0"),
    ],
)
def test_costs_what_the_price_page_says(usage, usd):
    assert cost_nusd(usage, DRAFT_PRICE) == int(Decimal(usd) * 10**9)


@pytest.mark.parametrize(("tokens", "nusd"), [(1, 0), (2, 1), (3, 1), (4, 2)])
def test_rounds_once_and_half_up(tokens, nusd):
    price = Price(
        input_nusd=400_000,
        output_nusd=100_000,
        cache_read_nusd=0,
        cache_write_5m_nusd=0,
        cache_write_1h_nusd=0,
    )
    assert cost_nusd(Usage(input_tokens=tokens), price) == nusd
    half = Usage(input_tokens=1, output_tokens=1)
    assert cost_nusd(half, price) == 1


@given(a=COUNT, b=COUNT)
def test_more_tokens_never_cost_less(a, b):
    small, large = sorted((a, b))
    costs = [cost_nusd(Usage(input_tokens=n), DRAFT_PRICE) for n in (small, large)]
    assert costs == sorted(costs)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-haiku-5-5"),
        ("anthropic", "claude-haiku-4-5-20251001"),
        ("anthropic", "claude-opus-5-5"),
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "claude-3-5-haiku-20241022"),
        ("openai", "gpt-6.1-sol"),
        ("openai", "gpt-4o-mini"),
        ("openai", "gpt-5.6-luna"),
        ("groq", "llama-3.1-8b-instant"),
        ("groq", "openai/gpt-oss-20b"),
    ],
)
def test_agrees_with_genai_prices_to_the_nano_dollar(provider, model):
    book, rng = shipped_book(), random.Random(model)  # noqa: S311  test data
    for _ in range(60):
        usage = random_usage(rng)
        tokens = usage.prompt_tokens
        price = book.price_for(provider, model, at=TODAY, prompt_tokens=tokens)
        assert cost_nusd(usage, price) == package_cost_nusd(provider, model, usage)


def test_every_shipped_name_costs_what_the_package_says():
    book = shipped_book()
    names = {(p.provider, p.model) for p in price_snapshot.read().prices}
    usage = Usage(input_tokens=1234, output_tokens=567, cache_read_tokens=89)
    for provider, pattern in sorted(names):
        model = pattern.replace("*", "")
        price = book.price_for(provider, model, at=TODAY, prompt_tokens=1323)
        assert cost_nusd(usage, price) == package_cost_nusd(provider, model, usage)
