"""The figures of a period, its tables apart: for the page and for programs alike."""

from __future__ import annotations

from dataclasses import dataclass

from metrics import quality_figures, reports
from metrics.periods import Period
from metrics.quality_figures import NeedlessEscalations, Quality
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
    needless: NeedlessEscalations
    other: SavingsRow


def read(period: Period, *, simulated: bool | None, compare: bool = True) -> Overview:
    """Return the overview of `period`. Its queries are as many for every period.

    With `simulated` None it is real money, or simulated money where there is no other.
    """
    by_kind = reports.savings_by_kind(period)
    if simulated is None:
        simulated = reports.shows_simulated(by_kind)
    return Overview(
        period=period,
        simulated=simulated,
        figures=_figures(
            by_kind[simulated], period, simulated=simulated, compare=compare
        ),
        days=reports.savings_by_day(period, simulated=simulated),
        needless=quality_figures.needless_escalations(period, simulated=simulated),
        other=by_kind[not simulated],
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
