"""All figures of a period that the overview shows, in files and programs alike."""

from __future__ import annotations

from dataclasses import dataclass

from metrics import quality_figures, reports
from metrics.periods import Period
from metrics.quality_figures import NeedlessEscalations, Quality
from metrics.reports import Breakdown
from metrics.types import SavingsRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Sums and measurements of a period; `previous` ones are of as long just before."""

    total: SavingsRow
    quality: Quality
    previous: SavingsRow | None = None
    previous_quality: Quality | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A period in one kind of money, which `simulated` names.

    `other` are the sums of the other kind, to say that it is there.
    """

    period: Period
    simulated: bool
    figures: Figures
    days: list[SavingsRow]
    tables: Breakdown
    needless: NeedlessEscalations
    other: SavingsRow


def read(period: Period, *, simulated: bool | None, compare: bool = True) -> Overview:
    """Return the overview of `period`. Its queries are as many for every period.

    With `simulated` None it is real money, or simulated money where there is no other:
    requests that were refused are real decisions, but no money.
    """
    by_kind = reports.savings_by_all(period)
    totals = {kind: reports.total(by_kind[kind]["rule"]) for kind in by_kind}
    if simulated is None:
        simulated = bool(totals[True].decisions) and not reports.has_money(
            [totals[False]]
        )
    return Overview(
        period=period,
        simulated=simulated,
        figures=_figures(
            totals[simulated], period, simulated=simulated, compare=compare
        ),
        days=reports.savings_by_day(period, simulated=simulated),
        tables=by_kind[simulated],
        needless=quality_figures.needless_escalations(period, simulated=simulated),
        other=totals[not simulated],
    )


def _figures(
    total: SavingsRow, period: Period, *, simulated: bool, compare: bool
) -> Figures:
    quality = quality_figures.quality(period, simulated=simulated)
    if not compare:
        return Figures(total=total, quality=quality)
    before = period.previous
    return Figures(
        total=total,
        quality=quality,
        previous=reports.savings(before, simulated=simulated),
        previous_quality=quality_figures.quality(before, simulated=simulated),
    )
