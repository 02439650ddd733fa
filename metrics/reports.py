"""Selectors for savings. Simulated and real money are never in one figure.

Requests to account endpoints ask no model: they are decisions, and in no figure here.

All read sums made ahead of time (`metrics.rollups`), so that a page takes as long with
two million decisions as with none; `rollups.catch_up` first adds what came just now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from django.db.models import Q, QuerySet, Sum

from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.rollup_models import DailyRollup, HourlyRollup
from metrics.types import SavingsRow

Dimension = Literal["rule", "key_name", "tag", "requested_model", "served_model"]
Outcome = RoutingDecision.Outcome
COPIED = (
    "decisions",
    "repeats",
    "aborted",
    "failed",
    "unknown_cost",
    "cost_nusd",
    "baseline_nusd",
)
OUTCOMES = {
    kind.value: Sum("decisions", filter=Q(outcome=kind), default=0)
    for kind in (Outcome.ACCEPTED, Outcome.ESCALATED, Outcome.PASS_THROUGH)
}
HOURLY_SUMS = {f"sum_{name}": Sum(name, default=0) for name in COPIED} | OUTCOMES
ONLY_DAILY = ("wasted_nusd", "overhead_us")
DAILY_SUMS = HOURLY_SUMS | {f"sum_{name}": Sum(name, default=0) for name in ONLY_DAILY}


def savings(period: Period, *, simulated: bool) -> SavingsRow:
    """Return the sums of all decisions of `period`."""
    return _row("all", _days(period, simulated=simulated).aggregate(**DAILY_SUMS))


def savings_by(
    dimension: Dimension, period: Period, *, simulated: bool
) -> list[SavingsRow]:
    """Return the sums of each value of `dimension`, the dearest first.

    The label "" stands for no rule, no tag, or a model that did not answer.
    """
    groups = _days(period, simulated=simulated).values(dimension)
    return _dearest_first(groups.annotate(**DAILY_SUMS), dimension)


def savings_by_kind(period: Period) -> dict[bool, list[SavingsRow]]:
    """Return the sums of each rule for real (False) and simulated (True) money."""
    days = DailyRollup.objects.filter(day__range=(period.first, period.last))
    groups = list(days.values("simulated", "rule").annotate(**DAILY_SUMS))
    return {
        simulated: _dearest_first(
            (g for g in groups if g["simulated"] == simulated), "rule"
        )
        for simulated in (False, True)
    }


def savings_by_day(period: Period, *, simulated: bool) -> list[SavingsRow]:
    """Return the sums of every day in order, labelled 2026-11-23; quiet days too."""
    groups = _days(period, simulated=simulated).values("day").annotate(**DAILY_SUMS)
    rows = {group["day"]: _row(group["day"].isoformat(), group) for group in groups}
    return [rows.get(day) or total((), label=day.isoformat()) for day in period.days]


def rule_by_day(rule: str, period: Period) -> dict[bool, list[SavingsRow]]:
    """Return the sums of a rule on the days it decided, in order, by kind of money."""
    days = DailyRollup.objects.filter(
        day__range=(period.first, period.last), rule=rule
    ).order_by("day")
    groups = days.values("simulated", "day").annotate(**DAILY_SUMS)
    by_kind: dict[bool, list[SavingsRow]] = {False: [], True: []}
    for group in groups:
        by_kind[group["simulated"]].append(_row(group["day"].isoformat(), group))
    return by_kind


def savings_by_hour(period: Period, *, simulated: bool) -> list[SavingsRow]:
    """Return the sums of every hour with decisions in order, labelled by its moment.

    The moment is in UTC: 2026-11-23T14:00:00+00:00. `wasted_nusd` and `overhead_us` are
    kept by day alone, and 0 here.
    """
    hours = HourlyRollup.objects.filter(
        hour__gte=period.start, hour__lt=period.end, simulated=simulated
    )
    groups = hours.values("hour").annotate(**HOURLY_SUMS).order_by("hour")
    return [_row(group["hour"].isoformat(), group) for group in groups]


def total(rows: Iterable[SavingsRow], *, label: str = "all") -> SavingsRow:
    """Return the sum of `rows`: exact, since money is integer. Makes no query."""
    rows = list(rows)
    names = (*COPIED, *ONLY_DAILY, *OUTCOMES)
    sums = {name: sum(getattr(row, name) for row in rows) for name in names}
    return SavingsRow(label=label, **sums)


def has_money(rows: Iterable[SavingsRow]) -> bool:
    """Whether anything was spent, saved or may have been. Makes no query."""
    return any(row.cost_nusd or row.baseline_nusd or row.unknown_cost for row in rows)


def _days(period: Period, *, simulated: bool) -> QuerySet[DailyRollup]:
    return DailyRollup.objects.filter(
        day__range=(period.first, period.last), simulated=simulated
    )


def _dearest_first(
    groups: Iterable[Mapping[str, Any]], dimension: str
) -> list[SavingsRow]:
    rows = [_row(group[dimension], group) for group in groups]
    return sorted(rows, key=lambda row: (-row.baseline_nusd, row.label))


def _row(label: str, sums: Mapping[str, Any]) -> SavingsRow:
    """A row of the sums; PostgreSQL adds up to Decimal, which is made int again."""
    copied = {name: int(sums.get(f"sum_{name}", 0)) for name in (*COPIED, *ONLY_DAILY)}
    outcomes = {name: int(sums[name]) for name in OUTCOMES}
    return SavingsRow(label=label, **copied, **outcomes)
