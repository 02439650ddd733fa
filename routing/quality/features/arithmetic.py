"""Sums written out in a draft, worked out again."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence

from routing.quality.features.reading import Reading, length, share

NAMES = (
    "sums_found",
    "sums_wrong",
    "sums_wrong_share",
    "sums_last_wrong",
    "sums_last_is_answer",
    "sums_used_later",
)

# Of a long text the last: a draft concludes with them.
_MAX_RESULTS = 60
_MAX_TOKENS = 24
_LEFT = 90
_TOLERANCE = 0.006

# Possessive, and never begun within a row of signs: time grows with the text alone.
_RESULT = re.compile(
    r"(?<!=)=++\s*+(?:\\?\$|[€£¥])?+\s*+(-?\d[\d,]*(?:\.\d+)?)(\s*(?:\\?%))?"
)
_BREAK = re.compile(r"[=\n;:<>≈]|[.,](?=\s)|\\n|\\\\|\$\$")
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[-+*/()^]")
_SIGNS = str.maketrans(
    {
        "\u00d7": "*",
        "÷": "/",
        "\u2212": "-",
        "·": "*",
        "\u2013": "-",
        "{": "(",
        "}": ")",
    }
)
_LATEX = (
    (re.compile(r"\\(?:times|cdot|ast)\b"), "*"),
    (re.compile(r"\\div\b"), "/"),
    (
        re.compile(r"\\[dt]?frac\s*\{([^{}]{1,30})\}\s*\{([^{}]{1,30})\}"),
        r"((\1)/(\2))",
    ),
    (re.compile(r"\\(?:left|right|,|;|!|text|mathrm)|[$\\]"), ""),
)
_TIMES = re.compile(r"(\d)\s*[xX]\s*(?=\d)")
_SIGN = re.compile(r"[-+*/]")
_ANY_SIGN = re.compile(r"[-+*/\u00d7÷\u2212·\u2013\\xX]")
# A variable, a name of a function or a unit glued to a number: not plain arithmetic.
_SYMBOLIC = re.compile(r"\d[A-Za-z]\b|\b[A-Za-z]\b|\^|_|[|!√π]|\w\(|[\d)]\s+\d")
_FUNCTION = re.compile(r"[^\W\d_]\(")
_WORD = re.compile(r"[^\W\d_]{2,}|%")


def measure(reading: Reading) -> dict[str, float]:
    """Return the features of written sums by name."""
    sums = sums_in(reading.text)
    wrong = [right is False for _, right in sums]
    last = sums[-1] if sums else ("", None)
    return {
        "sums_found": length(len(sums)),
        "sums_wrong": length(sum(wrong)),
        "sums_wrong_share": share(sum(wrong), len(sums)),
        "sums_last_wrong": float(last[1] is False),
        "sums_last_is_answer": float(
            bool(sums) and _same(last[0], reading.answer.value)
        ),
        "sums_used_later": _used_later(sums, reading.numbers),
    }


def sums_in(text: str) -> list[tuple[str, bool]]:
    """Return the results written after an equals sign, each with whether it is right.

    Only plain arithmetic counts: numbers, signs, brackets, with words and units
    between. What has variables, powers or roots is left out. A result may be rounded.
    Of many results the last 60 that may be one of a sum are looked at.
    """
    found: list[tuple[str, bool]] = []
    for match, left in deque(_results(text), maxlen=_MAX_RESULTS):
        values = _values_of(left, percent=bool(match[2]))
        if values:
            written = match[1].replace(",", "")
            found.append((written, any(_close(value, written) for value in values)))
    return found


def _results(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each number after an equals sign, with what stands before, if that has a sign."""
    for match in _RESULT.finditer(text):
        left = text[max(0, match.start() - _LEFT) : match.start()]
        if _ANY_SIGN.search(left):
            yield match, left


def _values_of(left: str, *, percent: bool) -> list[float]:
    """What the sum that `left` ends with may come to; none when it is no plain sum."""
    sum_ = _last_sum(left)
    if not _SIGN.search(sum_) or ("(" in sum_ and _FUNCTION.search(sum_)):
        return []
    has_percent = percent or "%" in sum_
    sum_ = _WORD.sub(" ", sum_.replace("€", "").replace("£", ""))
    if _SYMBOLIC.search(sum_.strip()):
        return []
    tokens = [token.replace(",", "") for token in _TOKEN.findall(sum_)]
    if not 3 <= len(tokens) <= _MAX_TOKENS or not any(t in "+-*/" for t in tokens[1:]):
        return []
    value = evaluated(tokens)
    if value is None:
        return []
    return [value, value / 100, value * 100] if has_percent else [value]


def _last_sum(left: str) -> str:
    """What stands after the last break, in plain signs."""
    if "\\" in left or "$" in left:
        for pattern, plain in _LATEX:
            left = pattern.sub(plain, left)
    if "x" in left or "X" in left:
        left = _TIMES.sub(r"\1*", left)
    sum_ = _BREAK.split(left)[-1]
    is_plain = sum_.isascii() and "{" not in sum_ and "}" not in sum_
    return sum_ if is_plain else sum_.translate(_SIGNS)


def evaluated(tokens: Sequence[str]) -> float | None:
    """Return what plain arithmetic comes to; None when it is not well formed."""
    reader = _Reader(tokens)
    try:
        value = reader.sum()
    except (ValueError, ZeroDivisionError, OverflowError, IndexError):
        return None
    return value if reader.at == len(tokens) else None


class _Reader:
    """Reads sums of products of numbers and brackets, by descent."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.at = 0
        self._tokens = tokens

    def sum(self) -> float:
        value = self._product()
        while self._next() in ("+", "-"):
            sign = self._take()
            other = self._product()
            value = value + other if sign == "+" else value - other
        return value

    def _product(self) -> float:
        value = self._factor()
        while self._next() in ("*", "/"):
            sign = self._take()
            other = self._factor()
            value = value * other if sign == "*" else value / other
        return value

    def _factor(self) -> float:
        part = self._take()
        if part == "-":
            return -self._factor()
        if part == "(":
            value = self.sum()
            if self._take() != ")":
                raise ValueError("unbalanced")
            return value
        return float(part)

    def _next(self) -> str:
        return self._tokens[self.at] if self.at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._tokens[self.at]
        self.at += 1
        return token


def _close(value: float, written: str) -> bool:
    shown = float(written)
    decimals = len(written.partition(".")[2])
    half = 0.51 * 10.0**-decimals
    return abs(value - shown) <= max(half, _TOLERANCE * abs(value))


def _same(number: str, answer: str) -> bool:
    try:
        return abs(float(number) - float(answer)) <= 1e-6 * max(1.0, abs(float(number)))
    except ValueError:
        return False


def _used_later(sums: list[tuple[str, bool]], numbers: Sequence[str]) -> float:
    """The share of results that are written again: a chain of steps that holds."""
    counts = Counter(numbers)
    return share(sum(counts[result] > 1 for result, _ in sums), len(sums))
