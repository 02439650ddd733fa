"""A tally -> rows of the rollups: new ones, or more in those that are there.

Whoever adds holds the lock on `RollupState`, in the transaction that moves it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from operator import add as add_two
from typing import Any

from django.db import connection, models

from metrics import bulk, folding
from metrics.folding import Key, Tally
from metrics.rollup_models import (
    DailyBreakdown,
    DailyRollup,
    DailyTotal,
    HourlyRollup,
    ScoreHistogram,
)

TOTAL_KEYS = ("day", "simulated", "outcome")
BREAKDOWN_KEYS = ("day", "simulated", "dimension", "label", "outcome")
DIMENSIONS = tuple(name for name in folding.DAILY_KEYS if name not in TOTAL_KEYS)
_PLACES = {name: place for place, name in enumerate(folding.DAILY_KEYS)}


def add(tally: Tally) -> None:
    """Add `tally` to the tables."""
    _add_sums(DailyRollup, folding.DAILY_KEYS, folding.SUMS, tally.daily)
    _add_sums(DailyTotal, TOTAL_KEYS, folding.SUMS, _totals(tally.daily))
    _add_sums(DailyBreakdown, BREAKDOWN_KEYS, folding.SUMS, _breakdown(tally.daily))
    _add_sums(HourlyRollup, folding.HOURLY_KEYS, folding.HOURLY_SUMS, tally.hourly)
    _add_histograms(tally.histograms)


def _totals(daily: Mapping[Key, Sequence[int]]) -> Mapping[Key, Sequence[int]]:
    """The sums of days alone, from those by everything."""
    return _together((_parts(key, TOTAL_KEYS), sums) for key, sums in daily.items())


def _breakdown(daily: Mapping[Key, Sequence[int]]) -> Mapping[Key, Sequence[int]]:
    """The sums of days by each dimension alone, from those by everything."""
    return _together(
        ((day, simulated, name, key[_PLACES[name]], outcome), sums)
        for key, sums in daily.items()
        for day, simulated, outcome in [_parts(key, TOTAL_KEYS)]
        for name in DIMENSIONS
    )


def _parts(key: Key, names: Iterable[str]) -> Key:
    return tuple(key[_PLACES[name]] for name in names)


def _together(
    tallies: Iterable[tuple[Key, Sequence[int]]],
) -> Mapping[Key, Sequence[int]]:
    sums_by_key: dict[Key, Sequence[int]] = {}
    for key, sums in tallies:
        there = sums_by_key.get(key)
        sums_by_key[key] = [*map(add_two, there, sums)] if there else sums
    return sums_by_key


def _add_sums(
    table: type[models.Model],
    keys: Sequence[str],
    sums: Sequence[str],
    tally: Mapping[Key, Sequence[int]],
) -> None:
    values = [
        [*_prepared(table, keys, key), *more[: len(sums)]]
        for key, more in tally.items()
    ]
    conflict = _more(table._meta.db_table, keys, sums)
    bulk.insert(table, (*keys, *sums), values, conflict=conflict)


def _prepared(
    table: type[models.Model], names: Sequence[str], key: Key
) -> Iterator[Any]:
    """The parts of a key as the database takes them."""
    fields = {field.name: field for field in table._meta.concrete_fields}
    for name, part in zip(names, key, strict=True):
        yield fields[name].get_db_prep_value(part, connection)


def _more(table_name: str, keys: Sequence[str], sums: Sequence[str]) -> str:
    """Where the key is there already, its sums grow."""
    quote = connection.ops.quote_name
    table = quote(table_name)
    more = ", ".join(f"{n} = {table}.{n} + excluded.{n}" for n in map(quote, sums))
    return f"({', '.join(map(quote, keys))}) DO UPDATE SET {more}"


def _add_histograms(tally: Mapping[Key, Sequence[Sequence[int]]]) -> None:
    """Read, add and write: few rows, and the lock is ours."""
    days: set[date] = {key[0] for key in tally}
    there = {
        tuple(getattr(row, name) for name in folding.HISTOGRAM_KEYS): row
        for row in ScoreHistogram.objects.filter(day__in=days)
    }
    for key, bins in tally.items():
        row = there.get(key)
        if row is None:
            row = ScoreHistogram(**dict(zip(folding.HISTOGRAM_KEYS, key, strict=True)))
        for name, more in zip(folding.HISTOGRAM_SUMS, bins, strict=True):
            sums = zip(getattr(row, name), more, strict=True)
            setattr(row, name, [a + b for a, b in sums])
        row.save()
