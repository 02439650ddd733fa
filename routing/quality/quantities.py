"""Numbers with what they count: amounts of money, measures, dates, by their value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from routing.quality.spelling import canonical, is_plain_number, same

Relation = Literal["agree", "differ", "not_comparable"]

# Of each kind the names of its units, parted by bars, by what one of them is worth.
_MONEY: dict[str, dict[float, str]] = {
    "usd": {1: "$|us$|usd|dollar|dollars", 0.01: "cent|cents"},
    "eur": {1: "€|eur|euro|euros"},
    "gbp": {1: "£|gbp"},
    "jpy": {1: "¥|jpy|yen|円"},
    "inr": {1: "₹|inr|rupee|rupees"},
}
_MEASURES: dict[str, dict[float, str]] = {
    "length": {
        0.001: "mm|millimeters|millimetres",
        0.01: "cm|centimeters|centimetres",
        1: "m|meter|meters|metre|metres",
        1000: "km|kilometer|kilometers|kilometre|kilometres",
        0.0254: "inch|inches",
        0.3048: "ft|foot|feet",
        0.9144: "yard|yards",
        1609.344: "mi|mile|miles",
    },
    "mass": {
        0.001: "mg",
        1: "g|gram|grams",
        1000: "kg|kilogram|kilograms",
        28.349523: "oz|ounce|ounces",
        453.59237: "lb|lbs",
    },
    "time": {
        0.001: "ms|milliseconds",
        1: "s|sec|second|seconds",
        60: "min|mins|minute|minutes",
        3600: "h|hr|hrs|hour|hours",
        86400: "day|days",
        604800: "week|weeks",
    },
    "volume": {0.001: "ml", 1: "l|liter|liters|litre|litres"},
    "share": {0.01: "%|percent|per cent|prozent"},
    "celsius": {1: "°c|celsius|degrees celsius"},
    "fahrenheit": {1: "°f|fahrenheit|degrees fahrenheit"},
}
_AMOUNT = re.compile(
    r"(?P<sign>us\$|[$€£¥₹])?\s*(?P<number>[-\u2212+]?\d[\d.,'\u2019\u00a0\u202f]*"
    r"(?:e[-+]?\d+)?|[-\u2212]?\d+\s*/\s*\d+)\s*"
    r"(?P<unit>[^\W\d_][^\d]{0,30}|[%°$€£¥₹]\s*\w?)?"
)
_TIMES = {
    "hundred": 1e2,
    "dozen": 12.0,
    "thousand": 1e3,
    "million": 1e6,
    "millionen": 1e6,
    "millions": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "万": 1e4,
    "亿": 1e8,
}
_DECIMAL_COMMA = re.compile(r"[-\u2212+]?\d+,\d{1,2}")
# A thousand or one with three decimals: it depends on who writes.
_TWO_READINGS = re.compile(r"[-\u2212+]?\d{1,3}[.,]\d{3}")
_MONTHS = (
    "jan ene gen янв",
    "feb fév fev feb фев",
    "mar mär märz mrz мар",
    "apr abr avr апр",
    "may mai maj mayo мая",
    "jun juin giu июн",
    "jul juil lug июл",
    "aug ago août авг",
    "sep set сен",
    "oct okt ott out окт",
    "nov ноя",
    "dec dez dic déc дек",
)
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?")
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.|º)?(?: of| de)? ([^\W\d_]{3,12})\.?,?(?: de)? (\d{4})"
)
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,12})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:([ap])\.?m\.?|uhr|h)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number and what it counts: `kind` "" without a unit, else a kind or a word.

    `factor` brings the number to the base of its kind. `doubtful`: it has two readings.
    """

    number: float
    kind: str = ""
    factor: float = 1.0
    doubtful: bool = False


def compared(one: str, other: str) -> Relation | None:
    """Return how two amounts, dates or times relate; None when one is none."""
    for read in (_date, _time):
        moments = read(one), read(other)
        if None not in moments:
            return "agree" if moments[0] == moments[1] else "differ"
    amounts = amount_in(one), amount_in(other)
    if amounts[0] is None or amounts[1] is None:
        return None
    return _of_amounts(amounts[0], amounts[1])


def amount_in(text: str) -> Amount | None:
    """Return the amount that `text` is, None when it is anything else."""
    found = _AMOUNT.fullmatch(text.strip().lower().rstrip(".!。"))
    if found is None:
        return None
    spelled = found["number"].rstrip(".,")
    if _DECIMAL_COMMA.fullmatch(spelled):
        spelled = spelled.replace(",", ".")
    number = canonical(spelled)
    if not is_plain_number(number):
        return None
    times, unit = _times((found["unit"] or "").strip(" ."))
    kind, factor = _unit_of(found["sign"] or unit)
    return Amount(
        number=float(number) * times,
        kind=kind,
        factor=factor,
        doubtful=_TWO_READINGS.fullmatch(spelled) is not None,
    )


def _read_units() -> dict[str, tuple[str, float]]:
    return {
        name: (kind, float(factor))
        for kind, names_of in (*_MONEY.items(), *_MEASURES.items())
        for factor, names in names_of.items()
        for name in names.split("|")
    }


_UNITS = _read_units()


def _times(unit: str) -> tuple[float, str]:
    """What a word like million multiplies by, and what is left of the unit."""
    first, _, rest = unit.partition(" ")
    return (_TIMES[first], rest) if first in _TIMES else (1.0, unit)


def _unit_of(word: str) -> tuple[str, float]:
    if not word:
        return "", 1.0
    return _UNITS.get(word) or (" ".join(word.split()), 1.0)


def _of_amounts(one: Amount, other: Amount) -> Relation:
    if one.kind != other.kind and one.kind and other.kind:
        return _of_kinds(one, other)
    in_base = _equal(one.number * one.factor, other.number * other.factor)
    if one.kind == other.kind:
        equal = in_base
    else:
        share = "share" in (one.kind, other.kind)
        equal = _equal(one.number, other.number) or (share and in_base)
    if equal:
        return "agree"
    return "not_comparable" if _misread(one, other) else "differ"


def _of_kinds(one: Amount, other: Amount) -> Relation:
    """Two units that are not the same: money of two countries, apples and pears."""
    if {one.kind, other.kind} <= _MONEY.keys():
        return "differ"
    known = _MEASURES.keys() | _MONEY.keys()
    equal = _equal(one.number, other.number)
    if one.kind not in known and other.kind not in known:
        if not equal:
            return "differ"
        ours, theirs = (set(_stems(amount.kind)) for amount in (one, other))
        return "agree" if ours <= theirs or theirs <= ours else "not_comparable"
    return "not_comparable"


def _stems(words: str) -> list[str]:
    return [word.rstrip("s") for word in words.split()]


def _misread(one: Amount, other: Amount) -> bool:
    """Whether one may count in another unit, or be a thousandfold in another spelling.

    A bare number has the unit that was asked for.
    """
    if bool(one.kind) != bool(other.kind):
        measured, bare = (one, other) if one.kind else (other, one)
        base = measured.number * measured.factor
        if any(_equal(base, bare.number * f) for f in _factors_of(measured.kind)):
            return True
    ratio = one.number / other.number if other.number else 0.0
    apart = any(_equal(ratio, factor) for factor in (1000.0, 0.001))
    return apart and (one.doubtful or other.doubtful)


def _factors_of(kind: str) -> Iterable[float]:
    return _MEASURES.get(kind, ())


def _equal(one: float, other: float) -> bool:
    return same(f"{one:.9g}", f"{other:.9g}")


def _date(text: str) -> date | None:
    text = text.strip().lower().rstrip(".")
    if found := _YEAR_FIRST.fullmatch(text):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _DAY_FIRST.fullmatch(text):
        return _day(int(found[3]), _month(found[2]), int(found[1]))
    if found := _MONTH_FIRST.fullmatch(text):
        return _day(int(found[3]), _month(found[1]), int(found[2]))
    return None


def _month(word: str) -> int:
    for number, names in enumerate(_MONTHS, start=1):
        if any(word.startswith(name) for name in names.split()):
            return number
    return 0


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _time(text: str) -> tuple[int, int] | None:
    """A time of day; a bare number is none."""
    text = text.strip().lower().rstrip(".") if len(text) < 20 else ""
    found = _CLOCK.fullmatch(text if not text.endswith("m") else f"{text}.")
    if found is None or text.isdecimal() or text.endswith("h") or "." in text[:3]:
        return None
    hour = int(found[1])
    if found[3]:
        hour = hour % 12 + (12 if found[3] == "p" else 0)
    return hour, int(found[2] or 0)
