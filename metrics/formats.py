"""Figures as people read them. Rounded here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

NUSD_PER_USD = 10**9
# What has no shape of its own, and what turns the order of letters around it. Not the
# joiners and marks that scripts need, nor tabs and ends of lines.
_UNSEEN = {
    *range(0x09),
    *(0x0B, 0x0C),
    *range(0x0E, 0x20),
    *range(0x7F, 0xA0),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
}
_SHOWN = {code: f"\u27e8U+{code:04X}\u27e9" for code in _UNSEEN}
NUSD_PER_CENT = 10**7


def usd(nusd: int | None) -> str:
    """Return dollars: two decimals from a dollar on, up to six for less."""
    if nusd is None:
        return "unknown"
    amount = Decimal(abs(nusd)) / NUSD_PER_USD
    if amount >= 1 or not nusd:
        text = f"{amount:,.2f}"
    elif amount >= Decimal("0.01"):
        text = f"{amount:.4f}"
    else:
        text = f"{amount:.6f}"
    return f"-${text}" if nusd < 0 else f"${text}"


def usd_cents(nusd: int | None) -> str:
    """Return dollars with two decimals, so that they line up; as `usd` below a cent."""
    if nusd is None or 0 < abs(nusd) < NUSD_PER_CENT:
        return usd(nusd)
    text = f"{Decimal(abs(nusd)) / NUSD_PER_USD:,.2f}"
    return f"-${text}" if nusd < 0 else f"${text}"


def aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return rows of as many cells as lines of a terminal: the first column is text."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def plain(amount: Decimal) -> str:
    """Return a decimal without the zeros at its end: 0.125, 10."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float | None) -> str:
    """Return a share in percent with one decimal; "n/a" when there is none."""
    return "n/a" if share is None else f"{share * 100:.1f} %"


def count(number: int | None) -> str:
    """Return a whole number with commas; "n/a" when there is none."""
    return "n/a" if number is None else f"{number:,}"


def milliseconds(duration_ms: float | None) -> str:
    """Return a duration in ms below ten seconds, else in s; "n/a" when unknown."""
    if duration_ms is None:
        return "n/a"
    if duration_ms < 10_000:
        return f"{duration_ms:,.0f} ms"
    return f"{duration_ms / 1000:,.1f} s"


def visible(text: str) -> str:
    """Return text of strangers with what could hide or reorder parts of it named."""
    return text.translate(_SHOWN)


def short_milliseconds(duration_ms: float | None) -> str:
    """Return a duration of few milliseconds, to the hundredth; "n/a" when unknown."""
    return "n/a" if duration_ms is None else f"{duration_ms:,.2f} ms"
