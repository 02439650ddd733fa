"""One spelling for equal answers, and whether two spellings are the same answer."""

from __future__ import annotations

import ast
import re
from decimal import Decimal, InvalidOperation
from typing import Any

_FRACTION = re.compile(r"\\[dt]?frac\s*\{?(-?\d+)\}?\s*\{?(\d+)\}?")
_LATEX = re.compile(
    r"\\(?:left|right|displaystyle|text|mathrm|mathbf|,|;|!|\s|quad|circ|degree)|[{}$~]"
)
_UNIT = re.compile(r"(?<=\d)\s*(?:[%°]|[^\W\d_]{1,20}\.?)(?:\s+[^\W\d_]{1,20}){0,2}$")


def canonical(value: Any) -> str:
    """Return a spelling of `value` that is the same for equal answers.

    Numbers by their value (1,000.0 and 1000, one half and 0.5), literals by theirs,
    words without spaces around and closing marks. A string in quotes keeps them.
    """
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    text = str(value).strip().strip("`*")
    number = _as_number(text)
    if number is not None:
        return number
    literal = _as_literal(text)
    if literal is not None:
        return literal
    plain = _LATEX.sub("", _FRACTION.sub(r"\1/\2", text))
    number = _as_number(_UNIT.sub("", plain.strip()))
    if number is not None:
        return number
    return " ".join(plain.split()).strip(" .,;:!?\"'`“”„«»。\uff0c\uff01\uff1f")


def _as_number(text: str) -> str | None:
    if len(text) > 40:
        return None
    fraction = re.fullmatch(r"(-?\d{1,15})\s*/\s*(\d{1,15})", text)
    if fraction and int(fraction[2]):
        return _written(Decimal(int(fraction[1])) / Decimal(int(fraction[2])))
    plain = text.replace("\u2212", "-").strip("$€£¥ %.")
    plain = re.sub(r"(?<=\d)[,'\u2019\u00a0\u202f ](?=\d{3}(?!\d))", "", plain)
    if not re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?", plain):
        return None
    try:
        return _written(Decimal(plain))
    except InvalidOperation:
        return None


def _written(number: Decimal) -> str:
    rounded = f"{number:.9g}"
    value = float(rounded)
    return f"{value:.9g}" if value else "0"


def is_plain_number(value: str) -> bool:
    """Return whether a spelling is that of a number."""
    try:
        float(value)
    except ValueError:
        return False
    return True


def _as_literal(text: str) -> str | None:
    """A list, tuple, set or string as programs write it, by its value."""
    if len(text) > 500 or text[:1] not in "([{'\"" or "\\" in text:
        return None
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    return repr(found)


def same(one: str, other: str) -> bool:
    """Return whether two canonical answers are one: equal, or numbers that round so.

    Words compare without case; what stands in quotes with it, as in programs.
    """
    if one == other:
        return True
    if "'" in (one[:1], other[:1]):
        return _unquoted(one) == _unquoted(other) and not is_plain_number(
            _unquoted(one)
        )
    try:
        numbers = float(one), float(other)
    except ValueError:
        return _folded(one) == _folded(other)
    return abs(numbers[0] - numbers[1]) <= 1e-4 * max(map(abs, numbers))


def _unquoted(text: str) -> str:
    return text[1:-1] if text[:1] == "'" else text


def _folded(text: str) -> str:
    """Without case and spaces, when it is a word as labels are written."""
    is_label = text in (text.lower(), text.upper(), text.title(), text.capitalize())
    return "".join((text.casefold() if is_label else text).split())
