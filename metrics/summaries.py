"""The figures of a period as objects: what files, programs and the command are told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from metrics import export_rows, reports
from metrics.overview import Overview
from metrics.periods import Period
from metrics.quality_figures import NeedlessEscalations, Quality
from metrics.reports import Dimension
from metrics.types import SavingsRow

DIMENSION_OF: Mapping[str, Dimension] = {
    "rule": "rule",
    "key": "key_name",
    "tag": "tag",
    "requested_model": "requested_model",
    "served_model": "served_model",
}
Sums = Callable[..., list[SavingsRow]]
SUMS_BY: Mapping[str, Sums] = {
    "day": reports.savings_by_day,
    "hour": reports.savings_by_hour,
}
BY = (*SUMS_BY, *DIMENSION_OF)


def sums(by: str, period: Period, *, simulated: bool) -> list[SavingsRow]:
    """Return the sums of `period` by one of `BY`."""
    if by in SUMS_BY:
        return SUMS_BY[by](period, simulated=simulated)
    return reports.savings_by(DIMENSION_OF[by], period, simulated=simulated)


def rows_of(seen: Overview, by: str) -> list[SavingsRow]:
    """Return the sums of the days of an overview by one of `BY`. One query at most."""
    if by == "day":
        return seen.days
    return sums(by, seen.period, simulated=seen.simulated)


def whole(seen: Overview) -> dict[str, Any]:
    """Return what an overview says of its period beside its tables."""
    figures, period = seen.figures, seen.period
    previous = figures.previous
    return {
        "first": period.first,
        "last": period.last,
        "start": period.start,
        "end": period.end,
        "simulated": seen.simulated,
        "total": of_row(figures.total),
        "previous": None if previous is None else of_row(previous),
        "quality": of_quality(figures.quality),
        "savings_lost": _lost(figures.total, seen.needless),
    }


def of_row(row: SavingsRow) -> dict[str, Any]:
    """Return the sums of a row by their names, without its label."""
    return dict(zip(export_rows.SUM_NAMES, export_rows.of_sums(row)[1:], strict=True))


def labelled(rows: Iterable[SavingsRow], by: str) -> list[dict[str, Any]]:
    """Return the sums of each row, its label under the name `by`."""
    return [{by: row.label, **of_row(row)} for row in rows]


def of_quality(found: Quality) -> dict[str, Any]:
    """Return the measured quality; its share is None of too few labels."""
    return dataclasses.asdict(found)


def _lost(total: SavingsRow, needless: NeedlessEscalations) -> dict[str, Any]:
    return {
        "wasted_drafts": total.wasted_drafts,
        "wasted_nusd": total.wasted_nusd,
        "lost_cache_nusd": total.lost_cache_nusd,
        "good_drafts_escalated": needless.labels,
        "good_drafts_escalated_more": needless.more,
        "good_drafts_priced": needless.priced,
        "good_drafts_nusd": needless.nusd,
    }
