"""Which days a report is about, read from its address. Days are days of TIME_ZONE."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

PRESETS = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
PRESET_LABELS = {
    "today": "Today",
    "7d": "7 days",
    "30d": "30 days",
    "90d": "90 days",
}
DEFAULT_PRESET = "30d"
LONGEST_DAYS = 366
# Days before and after a period must be days of the calendar too.
YEARS = range(2000, 2101)
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days, both named ones included. `preset` is "" for a range of one's own."""

    first: date
    last: date
    preset: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.length_days <= LONGEST_DAYS:
            raise ValueError(f"a period has 1 to {LONGEST_DAYS} days")

    @property
    def length_days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The moment after its last: not part of it."""
        return midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> list[date]:
        """Its days in order."""
        return [self.first + timedelta(days=n) for n in range(self.length_days)]

    @property
    def previous(self) -> Period:
        """As many days, just before."""
        last = self.first - timedelta(days=1)
        first = last - timedelta(days=self.length_days - 1)
        return Period(first=first, last=last)


def last_days(count: int, *, preset: str = "") -> Period:
    """Return the last `count` days, today among them."""
    today = timezone.localdate()
    return Period(first=today - timedelta(days=count - 1), last=today, preset=preset)


def from_query(query: Mapping[str, str]) -> tuple[Period, str]:
    """Return the period a query string asks for, and what is wrong with it, if so.

    `from` and `to` come before `period`. What cannot be read gives the default period
    and a sentence for the reader.
    """
    if query.get("from") or query.get("to"):
        return _own_range(query.get("from", ""), query.get("to", ""))
    preset = query.get("period", DEFAULT_PRESET)
    if preset in PRESETS:
        return last_days(PRESETS[preset], preset=preset), ""
    return _default(), f"There is no period called {preset!r}; this is the default."


def month(text: str) -> Period:
    """Return the month that is written 2026-11. Raises ValueError for what is none."""
    if not MONTH.fullmatch(text):
        raise ValueError("a month is written 2026-11")
    first = date.fromisoformat(f"{text}-01")
    if first.year not in YEARS:
        raise ValueError(f"years go from {YEARS[0]} to {YEARS[-1]}")
    _, length = monthrange(first.year, first.month)
    return Period(first=first, last=first.replace(day=length))


def midnight(day: date) -> datetime:
    """Return the first moment of `day` in TIME_ZONE."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _own_range(first_text: str, last_text: str) -> tuple[Period, str]:
    today = timezone.localdate()
    try:
        last = date.fromisoformat(last_text) if last_text else today
        first = date.fromisoformat(first_text) if first_text else last
    except ValueError:
        return _default(), "Dates are written 2026-11-23; this is the default period."
    if first.year not in YEARS or last.year not in YEARS:
        problem = f"Years go from {YEARS[0]} to {YEARS[-1]}"
        return _default(), f"{problem}; this is the default period."
    try:
        return Period(first=first, last=last), ""
    except ValueError:
        problem = f"A range has 1 to {LONGEST_DAYS} days, the first one first"
        return _default(), f"{problem}; this is the default period."


def _default() -> Period:
    return last_days(PRESETS[DEFAULT_PRESET], preset=DEFAULT_PRESET)
