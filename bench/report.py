"""Figures with their targets, as a table for people and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import msgspec

DIRECT, FLOOR, PASSED, RULED = "direct", "floor", "pass-through", "rule accepts"
WAYS = (DIRECT, FLOOR, PASSED, RULED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure must reach, and would better; the unit is the figure's own."""

    must: float
    stretch: float | None = None
    at_least: bool = False

    def verdict(self, value: float) -> str:
        """Return in a few words whether `value` reaches the target."""
        if self.stretch is not None and self._reached(value, self.stretch):
            return "stretch met"
        if self._reached(value, self.must):
            return "met"
        if not self.must:
            return "missed"
        return f"missed by {abs(value / self.must - 1):.0%}"

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        stretch = "" if self.stretch is None else f" ({self.stretch:g})"
        return f"{sign} {self.must:g}{stretch}"

    def _reached(self, value: float, goal: float) -> bool:
        return value >= goal if self.at_least else value <= goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure by way; the target is for pass-through.

    `added`: what stands for a way is how much more it is than going direct.
    """

    topic: str
    name: str
    unit: str
    values: Mapping[str, float] = field(default_factory=dict)
    target: Target | None = None
    added: bool = False

    @property
    def verdict(self) -> str:
        """Whether pass-through reaches the target; "" without one."""
        value = self.values.get(PASSED)
        return (
            "" if self.target is None or value is None else self.target.verdict(value)
        )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of `values` do not exceed; NaN without any."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table. `of floor` is pass-through's share of it."""
    head = ["", "unit", *WAYS, "of floor", "target", "pass-through"]
    cells = [head, ["---"] * len(head)] + [_cells(row) for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(head))]
    return "\n".join(_line(line, widths) for line in cells)


def as_json(rows: Sequence[Row], machine: str) -> bytes:
    """Return the rows and where they were measured as JSON."""
    told = [asdict(row) | {"verdict": row.verdict} for row in rows]
    return msgspec.json.format(
        msgspec.json.encode({"machine": machine, "rows": told}), indent=1
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.replace("---", "-" * width).ljust(width)
        for cell, width in zip(cells, widths, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def _cells(row: Row) -> list[str]:
    ways = [_value(row, way) for way in WAYS]
    target = "" if row.target is None else str(row.target)
    return [row.name, row.unit, *ways, _share(row), target, row.verdict]


def _share(row: Row) -> str:
    passed, floor = row.values.get(PASSED), row.values.get(FLOOR)
    return f"{passed / floor:.2f}" if passed and floor else ""


def _value(row: Row, way: str) -> str:
    value = row.values.get(way)
    if value is None:
        return ""
    sign = "+" if row.added and way != DIRECT and value >= 0 else ""
    few_digits = abs(value) >= 100 or value == 0
    return sign + (f"{value:,.0f}" if few_digits else f"{value:.3g}")
