from datetime import date
from decimal import Decimal
from io import StringIO

import msgspec
import pytest
from django.core.management import CommandError, call_command

from metrics import price_snapshot
from metrics.management.commands import sync_prices
from metrics.models import ModelPrice
from metrics.price_snapshot import Snapshot, SnapshotPrice

TODAY = date(2026, 11, 23)
SINCE = price_snapshot.SINCE_EVER


def shipped(model="draft-small", *, usd="1", since=SINCE, above=0, tariff=""):
    amounts = dict.fromkeys(
        (
            "input_usd",
            "output_usd",
            "cache_read_usd",
            "cache_write_5m_usd",
            "cache_write_1h_usd",
        ),
        Decimal(usd),
    )
    return SnapshotPrice(
        provider="anthropic",
        model=model,
        valid_from=since,
        above_prompt_tokens=above,
        tariff=tariff,
        **amounts,
    )


def load(*prices):
    return price_snapshot.load(
        Snapshot(source="genai-prices 0", taken_on=TODAY, prices=list(prices))
    )


@pytest.mark.django_db
def test_loading_again_changes_nothing():
    assert load(shipped(), shipped("verifier-large")).added == 2
    again = load(shipped(usd="9"), shipped("verifier-large"))
    assert (again.added, again.present, again.left) == (0, 2, 0)
    assert ModelPrice.objects.get(model="draft-small").input_usd == 1


@pytest.mark.django_db
def test_a_model_the_operator_priced_is_left_to_him():
    load(shipped())
    ModelPrice.objects.update(source="boss, 2026-11-20")
    newer = load(shipped(since=date(2026, 12, 1), usd="9"), shipped("verifier-large"))
    assert (newer.added, newer.left) == (1, 1)
    assert ModelPrice.objects.filter(model="draft-small").count() == 1


@pytest.mark.django_db
def test_each_tariff_of_a_model_is_the_operators_or_shipped():
    load(shipped())
    ModelPrice.objects.update(source="boss, 2026-11-20")
    batch = load(shipped(usd="9"), shipped(usd="4", tariff="batch"))
    assert (batch.added, batch.left) == (1, 1)
    assert set(ModelPrice.objects.values_list("tariff", "input_usd")) == {
        ("", 1),
        ("batch", 4),
    }


def test_a_tariff_that_changed_leaves_the_listed_price_alone():
    old = [shipped(usd="2"), shipped(usd="1", tariff="batch")]
    new = [shipped(usd="2"), shipped(usd="3", tariff="batch")]
    merged = sync_prices.merged(old, new, TODAY)
    assert [(p.tariff, p.valid_from, p.input_usd) for p in merged] == [
        ("", SINCE, 2),
        ("batch", SINCE, 1),
        ("batch", TODAY, 3),
    ]


def test_a_file_without_tariffs_and_searches_is_read(tmp_path):
    path = tmp_path / "prices.json"
    path.write_bytes(
        b'{"source":"genai-prices 0","taken_on":"2026-11-23","prices":[{'
        b'"provider":"anthropic","model":"m","valid_from":"2020-01-01",'
        b'"above_prompt_tokens":0,"input_usd":"1","output_usd":"1",'
        b'"cache_read_usd":"1","cache_write_5m_usd":"1","cache_write_1h_usd":"1"}]}'
    )
    (price,) = price_snapshot.read(path).prices
    assert (price.tariff, price.web_search_usd) == ("", None)


@pytest.mark.django_db
def test_the_commands_say_what_was_done(capsys):
    call_command("load_prices")
    call_command("load_prices")
    first, second = capsys.readouterr().out.splitlines()
    total = len(price_snapshot.read().prices)
    assert f"{total} added, 0 already there" in first
    assert f"0 added, {total} already there" in second


def test_the_shipped_file_is_what_the_package_says_today():
    fresh = sync_prices.merged([], sync_prices.current_prices(), TODAY)
    assert sync_prices.merged(price_snapshot.read().prices, fresh, TODAY) == (
        price_snapshot.read().prices
    )


def test_the_file_keeps_its_order_however_it_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(sync_prices, "SNAPSHOT_PATH", tmp_path / "prices.json")
    call_command("sync_prices", stdout=StringIO())
    made = msgspec.json.decode((tmp_path / "prices.json").read_bytes(), type=Snapshot)
    assert made.prices == price_snapshot.read().prices


def test_a_silent_change_of_price_starts_today():
    old, new = [shipped(usd="1")], [shipped(usd="2")]
    merged = sync_prices.merged(old, new, TODAY)
    assert [(p.valid_from, p.input_usd) for p in merged] == [(SINCE, 1), (TODAY, 2)]
    assert sync_prices.merged(merged, new, date(2027, 1, 1)) == merged


def test_a_dated_change_of_price_starts_on_its_day():
    day = date(2026, 10, 1)
    new = [shipped(usd="1"), shipped(usd="2", since=day)]
    merged = sync_prices.merged([shipped(usd="1")], new, TODAY)
    assert [(p.valid_from, p.input_usd) for p in merged] == [(SINCE, 1), (day, 2)]


def test_a_missing_package_is_said_plainly(monkeypatch):
    monkeypatch.setattr(sync_prices, "providers", [])
    with pytest.raises(CommandError, match="requirements-dev"):
        call_command("sync_prices")
