"""Writes the snapshot of prices we ship, from the genai-prices package.

A developer's command: the package is not installed where the proxy runs.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics.price_book import LISTED, SHIPPED, base_name
from metrics.price_snapshot import (
    SINCE_EVER,
    SNAPSHOT_PATH,
    Snapshot,
    SnapshotPrice,
    key_of,
    read,
)

try:
    from genai_prices import types as genai
    from genai_prices.data import providers
except ImportError:  # pragma: no cover  (it is installed wherever tests run)
    providers = []

PROVIDERS = ("anthropic", "openai", "groq")
OTHER_MEDIA = ("audio", "image", "characters")
LISTED_WORDS = ("default", "standard")
CLASSES = (
    "input_usd",
    "output_usd",
    "cache_read_usd",
    "cache_write_5m_usd",
    "cache_write_1h_usd",
)
PriceSet = dict[int, tuple[Decimal, ...]]


class Command(BaseCommand):
    """`manage.py sync_prices`: history is kept, a changed price starts today."""

    help = "Write metrics/data/prices.json from the genai-prices package."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write the file and print how many prices it holds."""
        if not providers:
            raise CommandError(
                "The package genai-prices is not installed here. It is a development "
                "dependency: pip install -r requirements-dev.txt"
            )
        today = timezone.now().date()
        shipped = read().prices if SNAPSHOT_PATH.exists() else []
        snapshot = Snapshot(
            source=f"{SHIPPED} {importlib.metadata.version('genai-prices')}",
            taken_on=today,
            prices=merged(shipped, current_prices(), today),
        )
        text = msgspec.json.format(msgspec.json.encode(snapshot), indent=1)
        SNAPSHOT_PATH.parent.mkdir(exist_ok=True)
        SNAPSHOT_PATH.write_bytes(text + b"\n")
        self.stdout.write(f"{len(snapshot.prices)} prices from {snapshot.source}")


def current_prices() -> list[SnapshotPrice]:
    """Return the prices of text models of our providers as the package has them."""
    return sorted(
        (
            price
            for provider in providers
            if provider.id in PROVIDERS
            for model in provider.models
            for price in _prices_of(provider.id, model)
        ),
        key=key_of,
    )


def merged(
    shipped: Iterable[SnapshotPrice], current: Iterable[SnapshotPrice], today: date
) -> list[SnapshotPrice]:
    """Return `shipped` and what changed since; a change without a date starts today.

    What was once shipped stays: a decision of last year is priced as it was then.
    """
    old, new = _by_name(shipped), _by_name(current)
    kept = [price for prices in old.values() for price in prices]
    added = [
        price
        for name, prices in new.items()
        for price in _changes(old.get(name, []), prices, today)
    ]
    return sorted(kept + added, key=key_of)


def _changes(
    old: list[SnapshotPrice], new: list[SnapshotPrice], today: date
) -> list[SnapshotPrice]:
    if not old:
        return new
    newest_old, newest_new = _newest(old), _newest(new)
    if _amounts(newest_old) == _amounts(newest_new):
        return []
    first_day = newest_new[0].valid_from
    if first_day <= newest_old[0].valid_from:
        first_day = today
    return [msgspec.structs.replace(p, valid_from=first_day) for p in newest_new]


def _newest(prices: list[SnapshotPrice]) -> list[SnapshotPrice]:
    newest = max(price.valid_from for price in prices)
    return [price for price in prices if price.valid_from == newest]


def _amounts(prices: list[SnapshotPrice]) -> set[SnapshotPrice]:
    return {msgspec.structs.replace(p, valid_from=SINCE_EVER) for p in prices}


def _by_name(
    prices: Iterable[SnapshotPrice],
) -> dict[tuple[str, ...], list[SnapshotPrice]]:
    groups = groupby(sorted(prices, key=key_of), key=lambda price: key_of(price)[:3])
    return {name: list(group) for name, group in groups}


def _prices_of(provider: str, model: genai.ModelInfo) -> Iterator[SnapshotPrice]:
    """Every name, tariff, first day and tier of a model; nothing for other media."""
    for tariff, context, since in _tariffs(model):
        for day in _days(model, since):
            price = model.get_prices(datetime.combine(day, time(), UTC), context)
            if not _is_text(price):
                continue
            for above, amounts in _tiers(price).items():
                for name in _names(model):
                    yield SnapshotPrice(
                        provider=provider,
                        model=name,
                        tariff=tariff,
                        valid_from=day,
                        above_prompt_tokens=above,
                        web_search_usd=_searches(price, above),
                        **dict(zip(CLASSES, amounts, strict=True)),
                    )


def _tariffs(model: genai.ModelInfo) -> Iterator[tuple[str, dict[str, str], date]]:
    """The listed price, and each the package knows beside it: its word and first day.

    Before that day the package gives the listed price; here there is none.
    """
    yield LISTED, {}, SINCE_EVER
    for variant in model.price_variants or ():
        (word,) = variant.when.values()
        if word not in LISTED_WORDS:
            yield word, variant.when, _first_day(variant.constraint)


def _days(model: genai.ModelInfo, since: date) -> list[date]:
    """The days on which a price of the model begins, none before `since`."""
    if isinstance(model.prices, genai.ModelPrice):
        return [since]
    starts = {_first_day(each.constraint) for each in model.prices}
    return sorted({max(since, start) for start in starts})


def _first_day(constraint: Any) -> date:
    """The day a price begins; a price that depends on the hour is not shipped."""
    if constraint is None:
        return SINCE_EVER
    if not isinstance(constraint, genai.StartDateConstraint):
        raise CommandError(f"genai-prices has a condition we do not know: {constraint}")
    return constraint.start_date


def _is_text(price: genai.ModelPrice) -> bool:
    keys = [key for key, value in vars(price).items() if value is not None]
    other = any(medium in key for key in keys for medium in OTHER_MEDIA)
    return {"input_mtok", "output_mtok"} <= set(keys) and not other


def _tiers(price: genai.ModelPrice) -> PriceSet:
    """Amounts of `CLASSES` by the prompt size above which they hold.

    A class without a price of its own costs what the class it belongs to costs, as in
    the package: cached tokens are input, the hour's writes are writes.
    """
    reads = _first(price.cache_read_mtok, price.input_mtok)
    writes = _first(price.cache_write_mtok, price.input_mtok)
    long_writes = _first(price.cache_write_1h_mtok, writes)
    classes = (price.input_mtok, price.output_mtok, reads, writes, long_writes)
    limits = {tier.start for amount in classes for tier in getattr(amount, "tiers", ())}
    return {
        above: tuple(_amount(amount, above) for amount in classes)
        for above in sorted({0} | limits)
    }


def _searches(price: genai.ModelPrice, above: int) -> Decimal | None:
    amount = price.web_searches_kcount
    return None if amount is None else _amount(amount, above)


def _first(own: Any, general: Any) -> Any:
    """A price of 0 is a price."""
    return general if own is None else own


def _amount(amount: Any, above: int) -> Decimal:
    if not isinstance(amount, genai.TieredPrices):
        return Decimal(amount)
    reached = [tier.price for tier in amount.tiers if tier.start <= above]
    return reached[-1] if reached else amount.base


def _names(model: genai.ModelInfo) -> list[str]:
    """The names and patterns of a model, without those the others cover."""
    exact = {model.id} if model.is_match(model.id) else set()
    patterns = set()
    for clause in getattr(model.match, "or_", [model.match]):
        if isinstance(clause, genai.ClauseEquals):
            exact.add(clause.equals)
        elif isinstance(clause, genai.ClauseStartsWith):
            patterns.add(clause.starts_with + "*")
    covered = {
        name
        for name in exact
        if (base_name(name) != name and base_name(name) in exact)
        or any(name.startswith(pattern[:-1]) for pattern in patterns)
    }
    return sorted(exact - covered | patterns)
