import itertools
import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

import genai_prices
import msgspec
import pytest
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st

from metrics import price_snapshot
from metrics.models import ModelPrice
from metrics.price_book import PriceBook, PriceRow
from metrics.pricing import cost_nusd
from metrics.types import Price, Usage
from tests.metrics.builders import DRAFT_PRICE

TODAY = datetime(2026, 11, 23, tzinfo=UTC)
COUNT = st.integers(0, 2_000_000)
USAGES_EACH_DAY = 200
# The key under which the package knows a tariff.
CONTEXT_KEYS = {"batch": "processing"}
CONTEXT_KEYS_OF_ANTHROPIC = {"fast": "speed"}


def shipped_book():
    return PriceBook(
        PriceRow(
            provider=p.provider,
            model=p.model,
            valid_from=p.valid_from,
            above_prompt_tokens=p.above_prompt_tokens,
            price=ModelPrice(**msgspec.structs.asdict(p)).price,
            tariff=p.tariff,
            shipped=True,
        )
        for p in price_snapshot.read().prices
    )


BOOK = shipped_book()


def our_cost_nusd(provider, model, usage, *, at=TODAY):
    price = BOOK.price_for(
        provider,
        model,
        at=at,
        prompt_tokens=usage.prompt_tokens,
        tariff=usage.tariff,
    )
    return None if price is None else cost_nusd(usage, price)


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


@pytest.mark.parametrize(
    ("model", "usage", "usd"),
    [
        # 1,000 x $0.10/M + 500 x $0.50/M
        ("claude-haiku-5-5", Usage(input_tokens=1000, output_tokens=500), "0.00035"),
        # 100,000 tokens are still the lower price, one more makes all of them dearer:
        # 100,000 x $0.10/M and 100,001 x $0.50/M
        ("claude-haiku-5-5", Usage(input_tokens=100_000), "0.01"),
        ("claude-haiku-5-5", Usage(input_tokens=100_001), "0.0500005"),
        # Cached tokens count towards the limit: 1 x $0.50/M + 100,000 x $0.05/M
        (
            "claude-haiku-5-5",
            Usage(input_tokens=1, cache_read_tokens=100_000),
            "0.0050005",
        ),
        # 2,000 x $4/M + 48,000 x $0.20/M + 600 x $20/M
        (
            "claude-opus-5-5",
            Usage(input_tokens=2000, cache_read_tokens=48_000, output_tokens=600),
            "0.0296",
        ),
        # 1,000 x $2.50/M + 1,000 x $4/M
        (
            "claude-sonnet-5-5",
            Usage(cache_write_5m_tokens=1000, cache_write_1h_tokens=1000),
            "0.0065",
        ),
        # 200,001 x $6/M + 10 x $22.50/M
        (
            "claude-sonnet-4-5",
            Usage(input_tokens=200_001, output_tokens=10),
            "1.200231",
        ),
        # Half of 1,000 x $4/M + 1,000 x $20/M, and half of 1,000 x $0.20/M
        (
            "claude-opus-5-5",
            Usage(
                input_tokens=1000,
                output_tokens=1000,
                cache_read_tokens=1000,
                tariff="batch",
            ),
            "0.0121",
        ),
        # Batches halve the dearer tier too: 100,001 x $0.25/M
        (
            "claude-haiku-5-5",
            Usage(input_tokens=100_001, tariff="batch"),
            "0.02500025",
        ),
        # 1,000 x $8/M + 1,000 x $40/M
        (
            "claude-opus-5-5",
            Usage(input_tokens=1000, output_tokens=1000, tariff="fast"),
            "0.048",
        ),
        # $10 for 1,000 searches, which batches do not halve
        ("claude-opus-5-5", Usage(web_searches=3), "0.03"),
        ("claude-opus-5-5", Usage(web_searches=3, tariff="batch"), "0.03"),
    ],
)
def test_published_prices_worked_out_by_hand(model, usage, usd):
    assert our_cost_nusd("anthropic", model, usage) == int(Decimal(usd) * 10**9)


@pytest.mark.parametrize(
    ("prompt", "verifier_usd", "cold_usd", "warm_usd"),
    [
        (2_000, "0.0220", "0.0005", "0.0006"),
        (50_000, "0.0316", "0.0053", "0.0010"),
        (99_000, "0.0414", "0.0102", "0.0015"),
        (101_000, "0.0418", "0.0520", "0.0077"),
        (150_000, "0.0516", "0.0765", "0.0102"),
        (400_000, "0.1016", "0.2015", "0.0227"),
    ],
)
def test_a_warm_verifier_can_be_cheaper_than_a_cold_draft(
    prompt, verifier_usd, cold_usd, warm_usd
):
    """600 tokens are answered; 2,000 of the prompt are new and written to the cache."""
    new = Usage(
        cache_write_5m_tokens=2000, cache_read_tokens=prompt - 2000, output_tokens=600
    )
    cold = Usage(input_tokens=prompt, output_tokens=600)

    def usd(model, usage):
        exact = Decimal(our_cost_nusd("anthropic", model, usage)) / 10**9
        return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)

    assert usd("claude-opus-5-5", new) == Decimal(verifier_usd)
    assert usd("claude-haiku-5-5", cold) == Decimal(cold_usd)
    assert usd("claude-haiku-5-5", new) == Decimal(warm_usd)


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


def test_searches_without_a_price_make_the_cost_unknown():
    assert DRAFT_PRICE.web_search_nusd is None
    assert cost_nusd(Usage(input_tokens=1200, web_searches=1), DRAFT_PRICE) is None


def test_work_that_is_not_counted_makes_the_cost_unknown():
    assert cost_nusd(Usage(input_tokens=1200, unpriced="compaction"), DRAFT_PRICE) is (
        None
    )


@pytest.mark.parametrize("tariff", ["priority", "us", "batch+us", "odd"])
def test_a_tariff_nobody_priced_is_not_guessed(tariff):
    usage = Usage(input_tokens=1000, tariff=tariff)
    assert our_cost_nusd("anthropic", "claude-opus-5-5", usage) is None


def models():
    """Every model the snapshot has, as the package knows it, with its tariffs."""
    tariffs = {}
    for price in price_snapshot.read().prices:
        name = price.provider, price.model.replace("*", "")
        tariffs.setdefault(name, set()).add(price.tariff)
    found = {}
    for (provider_id, name), known in tariffs.items():
        provider = next(each for each in providers if each.id == provider_id)
        model = provider.find_model(name)
        found.setdefault((provider_id, model.id), (provider, model, name, known))
    return [pytest.param(*each, id="-".join(key)) for key, each in found.items()]


def days_of(provider_id, name):
    """The first day of each of its prices, the day before, and today."""
    starts = {
        price.valid_from
        for price in price_snapshot.read().prices
        if price.provider == provider_id and price.model.replace("*", "") == name
    }
    dated = starts - {price_snapshot.SINCE_EVER}
    before = {day - timedelta(days=1) for day in dated}
    return sorted(starts | before | {TODAY.date()})


def random_usage(rng, *, tariff, searches):
    biggest = rng.choice((10, 5_000, 60_000, 250_000))
    return Usage(
        input_tokens=rng.randint(0, biggest),
        output_tokens=rng.randint(0, 20_000),
        cache_read_tokens=rng.choice((0, rng.randint(0, biggest))),
        cache_write_5m_tokens=rng.choice((0, rng.randint(0, biggest))),
        cache_write_1h_tokens=rng.choice((0, rng.randint(0, biggest))),
        web_searches=rng.randint(0, 9) if searches else 0,
        tariff=tariff,
    )


def package_cost_nusd(provider, model, usage, *, at):
    """Its `input_tokens` are all of the prompt, cached or not; ours are not."""
    keys = CONTEXT_KEYS
    if provider.id == "anthropic":
        keys = keys | CONTEXT_KEYS_OF_ANTHROPIC
    context = {keys.get(usage.tariff, "service_tier"): usage.tariff}
    answer = model.calc_price(
        genai_prices.Usage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_5m_tokens
            + usage.cache_write_1h_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
            web_searches=usage.web_searches,
        ),
        provider,
        genai_request_timestamp=at,
        price_context=context if usage.tariff else None,
    )
    nusd = answer.total_price * 10**9
    return int(nusd.to_integral_value(rounding=ROUND_HALF_UP))


@pytest.mark.parametrize(("provider", "model", "name", "tariffs"), models())
def test_agrees_with_genai_prices_to_the_nano_dollar(provider, model, name, tariffs):
    rng = random.Random(name)  # noqa: S311  test data
    moments = [
        datetime.combine(day, time(23, 59), UTC) for day in days_of(provider.id, name)
    ]
    for at, tariff in itertools.product(moments, sorted(tariffs)):
        price = BOOK.price_for(provider.id, name, at=at, prompt_tokens=0, tariff=tariff)
        if price is None:
            # The package gives the listed price for a batch before it knew the price
            # of batches; what was paid then is not known.
            assert tariff
            continue
        # A search whose price it does not know is free for the package.
        searches = price.web_search_nusd is not None
        for _ in range(USAGES_EACH_DAY // len(tariffs)):
            usage = random_usage(rng, tariff=tariff, searches=searches)
            ours = our_cost_nusd(provider.id, name, usage, at=at)
            assert ours == package_cost_nusd(provider, model, usage, at=at), usage


def test_every_shipped_name_costs_what_the_package_says():
    usage = Usage(input_tokens=1234, output_tokens=567, cache_read_tokens=89)
    shipped = {(p.provider, p.model) for p in price_snapshot.read().prices}
    for provider_id, pattern in sorted(shipped):
        name = pattern.replace("*", "")
        provider = next(each for each in providers if each.id == provider_id)
        model = provider.find_model(name)
        ours = our_cost_nusd(provider_id, name, usage)
        assert ours == package_cost_nusd(provider, model, usage, at=TODAY)


def test_every_model_of_text_the_package_knows_is_shipped():
    """Others are billed by images, characters or hours, which no message tells."""
    for provider_id in ("anthropic", "openai", "groq"):
        provider = next(each for each in providers if each.id == provider_id)
        for model in provider.models:
            prices = vars(model.get_prices(TODAY))
            media = [
                k for k in prices if any(m in k for m in ("audio", "image", "char"))
            ]
            text = {"input_mtok", "output_mtok"} <= set(prices) and not media
            usage = Usage(input_tokens=1, output_tokens=1)
            known = our_cost_nusd(provider_id, model.id, usage) is not None
            assert known or not text or not model.is_match(model.id), model.id


def test_a_batch_before_its_price_was_known_has_an_unknown_cost():
    usage = Usage(input_tokens=1000, tariff="batch")
    day = date(2026, 10, 14)
    assert our_cost_nusd("anthropic", "claude-opus-5-5", usage, at=day) == 2_000_000
    before = day - timedelta(days=1)
    assert our_cost_nusd("anthropic", "claude-opus-5-5", usage, at=before) is None
