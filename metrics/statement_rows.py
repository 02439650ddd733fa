"""What a line of a statement's file holds, and a statement as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from metrics.export_rows import usd, utc
from metrics.statements import By, Line, Statement

FIGURES = (
    "decisions",
    "unknown_cost",
    "gross_nusd",
    "saved_nusd",
    "net_nusd",
    "gross_usd",
    "saved_usd",
    "net_usd",
)


def names(by: By) -> tuple[str, ...]:
    """Return the names of what `rows` gives."""
    return ("month", "closed_at", "line", by, *FIGURES)


def rows(statement: Statement) -> Iterator[tuple[Any, ...]]:
    """Return a row for each line: `open` or `closed` ones, then each `adjustment`."""
    closed = statement.closed
    closed_at = utc(closed.closed_at) if closed else None
    start = (statement.month, closed_at)
    for line in statement.lines:
        kind = "closed" if closed else "open"
        yield (*start, kind, line.label, *_figures(line))
    for line in statement.adjustments:
        yield (*start, "adjustment", line.label, *_figures(line))


def as_json(statement: Statement, time_zone: str) -> dict[str, Any]:
    """Return all of a statement; days are of the zone it was closed in, if it was."""
    closed = statement.closed
    return {
        "month": statement.month,
        "first": statement.period.first,
        "last": statement.period.last,
        "time_zone": closed.time_zone if closed else time_zone,
        "by": statement.by,
        "closed": closed is not None,
        "closed_at": utc(closed.closed_at) if closed else None,
        "closed_by": closed.closed_by if closed else None,
        "lines": [_object(line, statement.by) for line in statement.lines],
        "total": _object(statement.total),
        "adjustments": [_object(line, statement.by) for line in statement.adjustments],
        "adjustment_total": _object(statement.adjustment),
        "total_with_adjustments": _object(statement.adjusted),
    }


def _object(line: Line, by: str = "") -> dict[str, Any]:
    label = {by: line.label} if by else {}
    return label | dict(zip(FIGURES, _figures(line), strict=True))


def _figures(line: Line) -> tuple[Any, ...]:
    money = (line.baseline_nusd, line.saving_nusd, line.cost_nusd)
    return (line.decisions, line.unknown_cost, *money, *map(usd, money))
