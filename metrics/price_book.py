"""The price in force for a model at a moment, held in memory.

Of the prices that name a model and its tariff, this one holds:

1. a model name before a pattern, and of patterns the one with the longest text before
   its first `*`;
2. a price of the provider's own kind before one of any provider;
3. the newest first day that is not in the future; what was shipped for the same name
   counts only until the first day of an operator's price;
4. of that day's tiers, the highest whose limit the prompt is longer than. It re-prices
   all tokens of the request, not only those above the limit.

A name nobody priced is tried again without `[1m]` and without its date, so that
`claude-haiku-4-5-20251001` costs what `claude-haiku-4-5` costs. A tariff nobody priced
has no price: what a batch or a faster answer costs is never worked out from the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

from metrics.models import ModelPrice
from metrics.types import Price

ANY_PROVIDER = ""
LISTED = ""
SHIPPED = "genai-prices"
REMEMBERED_NAMES = 4096
VARIANT = re.compile(r"\[1m\]$")
DATE_SUFFIX = re.compile(r"[-@](\d{8}|\d{4}-\d{2}-\d{2}|latest)$")

# The simulator speaks for these providers, so its money is reckoned at their prices.
PRICED_LIKE: Mapping[str, tuple[str, ...]] = {
    "simulator": ("anthropic", "openai", "groq"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """A price with everything that says when it holds; `shipped`: not an operator's."""

    provider: str
    model: str
    valid_from: date
    above_prompt_tokens: int
    price: Price
    tariff: str = LISTED
    shipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPrices:
    """The prices that came into force on one day: tiers, the highest limit first."""

    valid_from: date
    tiers: tuple[tuple[int, Price], ...]

    def price_for(self, prompt_tokens: int) -> Price | None:
        """Return the price of a prompt this long; None below the lowest tier."""
        for above_tokens, price in self.tiers:
            if above_tokens == 0 or prompt_tokens > above_tokens:
                return price
        return None


Series = tuple[DayPrices, ...]


class SeriesName(NamedTuple):
    """What a series of prices is for. `model` may be a pattern."""

    provider: str
    model: str
    tariff: str


class PriceBook:
    """All prices, read only; safe to share between threads. A new book replaces it."""

    __slots__ = ("_exact", "_patterns", "_remembered")

    def __init__(self, rows: Iterable[PriceRow]) -> None:
        series = _series_by_name(rows)
        self._exact = {k: v for k, v in series.items() if "*" not in k.model}
        self._patterns = sorted(
            ((k, v) for k, v in series.items() if "*" in k.model),
            key=lambda item: (-item[0].model.index("*"), item[0]),
        )
        self._remembered: dict[SeriesName, Series] = {}

    def price_for(
        self,
        provider_kind: str,
        model: str,
        *,
        at: date | datetime,
        prompt_tokens: int,
        tariff: str = LISTED,
    ) -> Price | None:
        """Return the price in force, None when nobody knows it.

        Days are days in UTC. Makes no query. Model names come from clients, so what
        is remembered about them is bounded.
        """
        day = at.astimezone(UTC).date() if isinstance(at, datetime) else at
        for prices in self._series(SeriesName(provider_kind, model, tariff)):
            if prices.valid_from <= day:
                return prices.price_for(prompt_tokens)
        return None

    def names(self) -> list[str]:
        """Return what has a listed price, as provider/model; no pattern is a name.

        A pattern that only ends in `*` stands for the name before it.
        """
        listed = [*self._exact, *(name for name, _ in self._patterns)]
        found = {
            f"{name.provider}/{name.model.removesuffix('*').rstrip('-')}"
            for name in listed
            if name.tariff == LISTED and name.provider
        }
        return sorted(name for name in found if "*" not in name)

    def _series(self, name: SeriesName) -> Series:
        found = self._remembered.get(name)
        if found is None:
            found = self._find(name)
            if len(self._remembered) >= REMEMBERED_NAMES:
                self._remembered.clear()
            self._remembered[name] = found
        return found

    def _find(self, name: SeriesName) -> Series:
        """The series of the best match; empty when nothing matches."""
        like = PRICED_LIKE.get(name.provider, ())
        providers = (name.provider, ANY_PROVIDER, *like)
        for model in _spellings(name.model.lower()):
            names = [SeriesName(each, model, name.tariff) for each in providers]
            if found := self._find_exact(names) or self._find_pattern(names):
                return found
        return ()

    def _find_exact(self, names: Sequence[SeriesName]) -> Series:
        return next((self._exact[name] for name in names if name in self._exact), ())

    def _find_pattern(self, names: Sequence[SeriesName]) -> Series:
        """The best of the patterns; `names` differ in their providers alone."""
        model, tariff = names[0].model, names[0].tariff
        providers = [name.provider for name in names]
        matches = [
            (-pattern.model.index("*"), providers.index(pattern.provider), series)
            for pattern, series in self._patterns
            if pattern.tariff == tariff
            and pattern.provider in providers
            and fnmatchcase(model, pattern.model)
        ]
        return min(matches, key=lambda match: match[:2])[2] if matches else ()


def load() -> PriceBook:
    """Return the book of all prices in the database. One query."""
    return PriceBook(
        PriceRow(
            provider=row.provider,
            model=row.model,
            valid_from=row.valid_from,
            above_prompt_tokens=row.above_prompt_tokens,
            price=row.price,
            tariff=row.tariff,
            shipped=row.source.startswith(SHIPPED),
        )
        for row in ModelPrice.objects.all()
    )


def base_name(model: str) -> str:
    """Return `model` without `[1m]` and without the date or `latest` at its end."""
    return DATE_SUFFIX.sub("", VARIANT.sub("", model))


def _spellings(model: str) -> tuple[str, ...]:
    """The names to try for `model`, the most telling first."""
    return tuple(dict.fromkeys((model, VARIANT.sub("", model), base_name(model))))


def _series_by_name(rows: Iterable[PriceRow]) -> dict[SeriesName, Series]:
    named: dict[SeriesName, list[PriceRow]] = {}
    for row in rows:
        name = SeriesName(row.provider, row.model.lower(), row.tariff)
        named.setdefault(name, []).append(row)
    return {name: _newest_first(_by_day(each)) for name, each in named.items()}


def _by_day(rows: Sequence[PriceRow]) -> dict[date, list[tuple[int, Price]]]:
    """The tiers of each day, without shipped ones since an operator set his own."""
    own_since = min((r.valid_from for r in rows if not r.shipped), default=date.max)
    days: dict[date, list[tuple[int, Price]]] = {}
    for row in rows:
        if not row.shipped or row.valid_from < own_since:
            tier = (row.above_prompt_tokens, row.price)
            days.setdefault(row.valid_from, []).append(tier)
    return days


def _newest_first(by_day: Mapping[date, list[tuple[int, Price]]]) -> Series:
    return tuple(
        DayPrices(
            valid_from=day,
            tiers=tuple(sorted(by_day[day], key=lambda tier: -tier[0])),
        )
        for day in sorted(by_day, reverse=True)
    )
