from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from metrics import price_book, price_snapshot
from metrics.models import ModelPrice
from metrics.price_book import REMEMBERED_NAMES, PriceBook, PriceRow
from metrics.types import Price

DAY = date(2026, 6, 1)


def price(input_usd):
    return Price(
        input_nusd=int(Decimal(str(input_usd)) * 10**9),
        output_nusd=0,
        cache_read_nusd=0,
        cache_write_5m_nusd=0,
        cache_write_1h_nusd=0,
    )


def row(model, input_usd, *, provider="", since=DAY, above=0, tariff="", shipped=False):
    return PriceRow(
        provider=provider,
        model=model,
        valid_from=since,
        above_prompt_tokens=above,
        price=price(input_usd),
        tariff=tariff,
        shipped=shipped,
    )


def found(rows, model, *, provider="anthropic", at=DAY, prompt_tokens=10, tariff=""):
    return PriceBook(rows).price_for(
        provider, model, at=at, prompt_tokens=prompt_tokens, tariff=tariff
    )


def test_a_model_nobody_priced_has_no_price():
    assert found([row("draft-small", 1)], "verifier-large") is None


def test_a_name_comes_before_a_pattern():
    rows = [row("draft*", 1), row("draft-small", 2), row("draft-smal*", 3)]
    assert found(rows, "draft-small") == price(2)


def test_the_pattern_with_the_longest_literal_beginning_comes_first():
    rows = [row("*", 1), row("draft*", 2), row("draft-s*", 3), row("*small", 4)]
    assert found(rows, "draft-small") == price(3)


@pytest.mark.parametrize("name", ["draft-small", "draft*"])
def test_the_provider_itself_comes_before_any(name):
    rows = [row(name, 1), row(name, 2, provider="groq")]
    assert found(rows, "draft-small", provider="groq") == price(2)
    assert found(rows, "draft-small", provider="openai") == price(1)


def test_another_providers_price_is_not_taken():
    rows = [row("draft-small", 1, provider="groq")]
    assert found(rows, "draft-small", provider="openai_compatible") is None


def test_the_simulator_is_reckoned_at_the_prices_of_whom_it_plays():
    rows = [row("draft-small", 1, provider="anthropic")]
    assert found(rows, "draft-small", provider="simulator") == price(1)


@pytest.mark.parametrize(("day", "usd"), [(-1, None), (0, 1), (9, 1), (10, 2), (99, 2)])
def test_the_newest_price_that_has_begun_holds(day, usd):
    rows = [row("m", 2, since=DAY + timedelta(days=10)), row("m", 1)]
    expected = None if usd is None else price(usd)
    assert found(rows, "m", at=DAY + timedelta(days=day)) == expected


def test_a_moment_belongs_to_its_day_in_utc():
    rows = [row("m", 1, since=DAY), row("m", 2, since=DAY + timedelta(days=1))]
    east = timezone(timedelta(hours=9))
    assert found(rows, "m", at=datetime(2026, 6, 2, 8, tzinfo=east)) == price(1)
    assert found(rows, "m", at=datetime(2026, 6, 2, tzinfo=UTC)) == price(2)


@pytest.mark.parametrize(
    ("tokens", "usd"), [(0, 1), (100, 1), (101, 2), (200, 2), (201, 3)]
)
def test_a_longer_prompt_reprices_everything(tokens, usd):
    rows = [row("m", 1), row("m", 2, above=100), row("m", 3, above=200)]
    assert found(rows, "m", prompt_tokens=tokens) == price(usd)


def test_a_newer_day_without_tiers_ends_the_tiers():
    rows = [
        row("m", 1),
        row("m", 2, above=100),
        row("m", 1, since=DAY + timedelta(days=1)),
    ]
    at = DAY + timedelta(days=1)
    assert found(rows, "m", at=at, prompt_tokens=500) == price(1)


@pytest.mark.parametrize(
    "name",
    [
        "m-x-20251001",
        "m-x-2025-10-01",
        "m-x@20251001",
        "m-x[1m]",
        "m-x-20251001[1m]",
        "m-x-latest",
        "M-X",
    ],
)
def test_dates_and_variants_of_a_name_resolve(name):
    assert found([row("m-x", 1)], name) == price(1)


def test_a_dated_name_of_its_own_comes_first():
    rows = [row("m-x", 1), row("m-x-20251001", 2)]
    assert found(rows, "m-x-20251001") == price(2)
    assert found(rows, "m-x-20261001") == price(1)


def test_a_tariff_has_prices_of_its_own():
    rows = [row("m", 2), row("m", 1, tariff="batch"), row("*", 9, tariff="fast")]
    assert found(rows, "m") == price(2)
    assert found(rows, "m", tariff="batch") == price(1)
    assert found(rows, "m", tariff="fast") == price(9)


@pytest.mark.parametrize("tariff", ["batch", "fast", "batch+us", "odd"])
def test_a_tariff_nobody_priced_has_no_price(tariff):
    assert found([row("m", 2), row("m", 2, tariff="priority")], "m", tariff=tariff) is (
        None
    )


def test_what_is_shipped_later_does_not_push_aside_an_operators_price():
    later = DAY + timedelta(days=1)
    rows = [row("m", 1), row("m", 2, since=later, shipped=True)]
    assert found(rows, "m", at=later) == price(1)


def test_a_shipped_price_holds_until_the_first_day_of_an_operators():
    before = DAY - timedelta(days=1)
    rows = [row("m", 1), row("m", 2, since=before, shipped=True)]
    assert found(rows, "m", at=before) == price(2)
    assert found(rows, "m", at=DAY) == price(1)


def test_an_operators_price_leaves_those_of_other_tariffs_alone():
    rows = [row("m", 1), row("m", 2, tariff="batch", shipped=True)]
    assert found(rows, "m", tariff="batch") == price(2)


def test_what_clients_make_up_does_not_fill_the_memory():
    book = PriceBook([row("m", 1)])
    for n in range(REMEMBERED_NAMES + 10):
        book.price_for("anthropic", f"made-up-{n}", at=DAY, prompt_tokens=1)
    assert len(book._remembered) <= REMEMBERED_NAMES
    assert book.price_for("anthropic", "m", at=DAY, prompt_tokens=1) == price(1)


@pytest.mark.django_db
def test_the_shipped_book_knows_the_cliff_of_haiku(django_assert_num_queries):
    price_snapshot.load(price_snapshot.read())
    with django_assert_num_queries(1):
        book = price_book.load()
    below, above = (
        book.price_for("anthropic", "claude-haiku-5-5", at=DAY, prompt_tokens=n)
        for n in (100_000, 100_001)
    )
    assert (below.input_nusd, below.output_nusd) == (100_000_000, 500_000_000)
    assert (above.input_nusd, above.output_nusd) == (500_000_000, 2_500_000_000)
    assert above.cache_read_nusd == 50_000_000
    assert above.cache_write_5m_nusd == 625_000_000
    assert above.cache_write_1h_nusd == 1_000_000_000


@pytest.mark.django_db
def test_a_price_of_the_database_is_exact():
    ModelPrice.objects.create(
        model="m",
        valid_from=DAY,
        input_usd=Decimal("0.000001"),
        output_usd=Decimal("123456.789012"),
        cache_read_usd=0,
        cache_write_5m_usd=0,
        cache_write_1h_usd=0,
    )
    found = price_book.load().price_for("groq", "m", at=DAY, prompt_tokens=1)
    assert (found.input_nusd, found.output_nusd) == (1000, 123_456_789_012_000)
    assert found.web_search_nusd is None


@pytest.mark.django_db
@pytest.mark.parametrize(("usd", "nusd"), [("10", 10_000_000), ("0", 0), (None, None)])
def test_a_thousand_searches_are_priced_one_by_one(usd, nusd):
    ModelPrice.objects.create(
        model="m",
        valid_from=DAY,
        input_usd=1,
        output_usd=1,
        cache_read_usd=1,
        cache_write_5m_usd=1,
        cache_write_1h_usd=1,
        web_search_usd=None if usd is None else Decimal(usd),
        source="boss",
    )
    found = price_book.load().price_for("groq", "m", at=DAY, prompt_tokens=1)
    assert found.web_search_nusd == nusd


@pytest.mark.django_db
def test_the_book_of_the_database_knows_whose_a_price_is():
    price_snapshot.load(price_snapshot.read())
    shipped = ModelPrice.objects.get(
        provider="groq", model="llama-3.1-8b-instant", tariff=""
    )
    shipped.pk, shipped.input_usd = None, Decimal(7)
    shipped.source, shipped.valid_from = "boss", DAY
    shipped.save()
    ModelPrice.objects.create(
        provider="groq",
        model="llama-3.1-8b-instant",
        valid_from=DAY + timedelta(days=1),
        input_usd=9,
        output_usd=9,
        cache_read_usd=9,
        cache_write_5m_usd=9,
        cache_write_1h_usd=9,
        source=shipped_source(),
    )
    book = price_book.load()
    found = book.price_for(
        "groq", "llama-3.1-8b-instant", at=date(2026, 11, 1), prompt_tokens=1
    )
    assert found.input_nusd == 7_000_000_000


def shipped_source():
    return f"{price_book.SHIPPED} 9.9.9, 2026-06-02"
