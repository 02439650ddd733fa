"""Selectors for savings. Simulated and real money are never in one figure.

Requests to account endpoints ask no model: they are decisions, and in no figure here.

All read sums made ahead of time (`metrics.rollups`), so that a page takes as long with
two million decisions as with none; `rollups.catch_up` first adds what came just now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, get_args

from django.db.models import Q, QuerySet, Sum

from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.rollup_models import DailyBreakdown, DailyTotal, HourlyRollup
from metrics.types import GroupSums, SavingsRow

Dimension = Literal["rule", "key_name", "tag", "requested_model", "served_model"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
Outcome = RoutingDecision.Outcome
Group = TypeVar("Group", bound=GroupSums)
Breakdown = dict[Dimension, list[GroupSums]]
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
ONLY_DAILY = (
    "draft_nusd",
    "verifier_nusd",
    "check_nusd",
    "wasted_drafts",
    "wasted_nusd",
    "lost_cache_nusd",
    "overhead_us",
)
DAILY_SUMS = HOURLY_SUMS | {f"sum_{name}": Sum(name, default=0) for name in ONLY_DAILY}

# What tables show, in the order of their columns.
IN_TABLES = (
    "sum_decisions",
    Outcome.ACCEPTED.value,
    Outcome.ESCALATED.value,
    "sum_unknown_cost",
    "sum_cost_nusd",
    "sum_baseline_nusd",
)
TABLE_SUMS = {name: HOURLY_SUMS[name] for name in IN_TABLES}


def savings(period: Period, *, simulated: bool) -> SavingsRow:
    """Return the sums of all decisions of `period`."""
    return savings_by_kind(period)[simulated]


def savings_by_kind(period: Period) -> dict[bool, SavingsRow]:
    """Return the sums of `period` for real (False) and simulated (True) money."""
    days = DailyTotal.objects.filter(day__range=(period.first, period.last))
    groups = days.values("simulated").annotate(**DAILY_SUMS)
    rows = {group["simulated"]: _row("all", group) for group in groups}
    return {kind: rows.get(kind) or total(()) for kind in (False, True)}


def savings_by(
    dimension: Dimension, period: Period, *, simulated: bool
) -> list[SavingsRow]:
    """Return the sums of each value of `dimension`, the dearest first.

    The label "" stands for no rule, no tag, or a model that did not answer.
    """
    days = _days(period, simulated=simulated).filter(dimension=dimension)
    groups = days.values("label").annotate(**DAILY_SUMS)
    return _dearest_first(_row(group["label"], group) for group in groups)


def tables(period: Period, *, simulated: bool) -> Breakdown:
    """Return what tables show of `period` by each dimension, the dearest first.

    One query.
    """
    found: dict[str, list[GroupSums]] = {name: [] for name in DIMENSIONS}
    groups = _days(period, simulated=simulated).values_list("dimension", "label")
    for dimension, label, *sums in groups.annotate(**TABLE_SUMS):
        found[dimension].append(_group(label, map(int, sums)))
    return {name: _dearest_first(found[name]) for name in DIMENSIONS}


def savings_by_day(period: Period, *, simulated: bool) -> list[SavingsRow]:
    """Return the sums of every day in order, labelled 2026-11-23; quiet days too."""
    days = DailyTotal.objects.filter(
        day__range=(period.first, period.last), simulated=simulated
    )
    groups = days.values("day").annotate(**DAILY_SUMS)
    rows = {group["day"]: _row(group["day"].isoformat(), group) for group in groups}
    return [rows.get(day) or total((), label=day.isoformat()) for day in period.days]


def rule_by_day(rule: str, period: Period) -> dict[bool, list[SavingsRow]]:
    """Return the sums of a rule on the days it decided, in order, by kind of money."""
    days = DailyBreakdown.objects.filter(
        day__range=(period.first, period.last), dimension="rule", label=rule
    ).order_by("day")
    groups = days.values("simulated", "day").annotate(**DAILY_SUMS)
    by_kind: dict[bool, list[SavingsRow]] = {False: [], True: []}
    for group in groups:
        by_kind[group["simulated"]].append(_row(group["day"].isoformat(), group))
    return by_kind


def savings_by_hour(period: Period, *, simulated: bool) -> list[SavingsRow]:
    """Return the sums of every hour with decisions in order, labelled by its moment.

    The moment is in UTC: 2026-11-23T14:00:00+00:00. What only days are summed by is 0
    here: see `ONLY_DAILY`.
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


def shows_simulated(by_kind: Mapping[bool, SavingsRow]) -> bool:
    """Whether a page that was not told shows simulated money: where there is no other.

    Requests that were refused are real decisions, but no money. Makes no query.
    """
    real = by_kind[False]
    has_money = bool(real.cost_nusd or real.baseline_nusd or real.unknown_cost)
    return bool(by_kind[True].decisions) and not has_money


def _days(period: Period, *, simulated: bool) -> QuerySet[DailyBreakdown]:
    return DailyBreakdown.objects.filter(
        day__range=(period.first, period.last), simulated=simulated
    )


def _dearest_first(rows: Iterable[Group]) -> list[Group]:
    return sorted(rows, key=lambda row: (-row.baseline_nusd, row.label))


def _group(label: str, sums: Iterable[int]) -> GroupSums:
    decisions, accepted, escalated, unknown_cost, cost_nusd, baseline_nusd = sums
    return GroupSums(
        label=label,
        decisions=decisions,
        accepted=accepted,
        escalated=escalated,
        unknown_cost=unknown_cost,
        cost_nusd=cost_nusd,
        baseline_nusd=baseline_nusd,
    )


def _row(label: str, sums: Mapping[str, Any]) -> SavingsRow:
    """A row of the sums; PostgreSQL adds up to Decimal, which is made int again."""
    copied = {name: int(sums.get(f"sum_{name}", 0)) for name in (*COPIED, *ONLY_DAILY)}
    outcomes = {name: int(sums[name]) for name in OUTCOMES}
    return SavingsRow(label=label, **copied, **outcomes)
