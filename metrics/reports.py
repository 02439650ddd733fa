"""Selectors for savings. Simulated and real money are never in one figure.

Requests to account endpoints ask no model: they are decisions, and in no figure here.

Each makes one query over the index on the time of decisions, by day one for each day:
a day is a day of TIME_ZONE, which not every database can reckon.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from metrics.models import RoutingDecision
from metrics.periods import Period, midnight
from metrics.types import SavingsRow

Outcome = RoutingDecision.Outcome
# What a report is about: requests a model answered, or was to answer.
ANSWERS = ~Q(outcome=Outcome.ACCOUNT)
KNOWN = Q(saving_nusd__isnull=False)
COUNTS = (
    "accepted",
    "escalated",
    "pass_through",
    "aborted",
    "unknown_cost",
    "repeats",
)
SUMS = {
    "decisions": Count("pk"),
    "accepted": Count("pk", filter=Q(outcome=Outcome.ACCEPTED)),
    "escalated": Count("pk", filter=Q(outcome=Outcome.ESCALATED)),
    "pass_through": Count("pk", filter=Q(outcome=Outcome.PASS_THROUGH)),
    "aborted": Count("pk", filter=Q(aborted=True)),
    "unknown_cost": Count("pk", filter=~KNOWN),
    "repeats": Count("pk", filter=Q(repeat=True)),
    "spent": Coalesce(Sum("cost_nusd", filter=KNOWN), 0),
    "baseline": Coalesce(Sum("baseline_nusd", filter=KNOWN), 0),
}


def savings(*, start: datetime, end: datetime, simulated: bool) -> SavingsRow:
    """Return the sums of all decisions from `start` until before `end`."""
    sums = _decisions(start, end, simulated=simulated).aggregate(**SUMS)
    return _row("all", sums)


def savings_by_rule(
    *, start: datetime, end: datetime, simulated: bool
) -> list[SavingsRow]:
    """Return the sums of each rule, the dearest first; no rule is labelled ""."""
    decisions = _decisions(start, end, simulated=simulated)
    return _dearest_first(decisions.values("rule").annotate(**SUMS))


def savings_by_kind(*, start: datetime, end: datetime) -> dict[bool, list[SavingsRow]]:
    """Return the sums of each rule for real (False) and simulated (True) money."""
    decisions = RoutingDecision.objects.filter(
        ANSWERS, started_at__gte=start, started_at__lt=end
    )
    groups = list(decisions.values("simulated", "rule").annotate(**SUMS))
    return {
        simulated: _dearest_first(g for g in groups if g["simulated"] == simulated)
        for simulated in (False, True)
    }


def savings_by_day(period: Period, *, simulated: bool) -> list[SavingsRow]:
    """Return the sums of every day in order, labelled 2026-11-23; quiet days too."""
    starts = [*map(midnight, period.days), period.end]
    return [
        _row(
            day.isoformat(),
            _decisions(start, end, simulated=simulated).aggregate(**SUMS),
        )
        for day, start, end in zip(period.days, starts, starts[1:], strict=False)
    ]


def total(rows: Iterable[SavingsRow], *, label: str = "all") -> SavingsRow:
    """Return the sum of `rows`: exact, since money is integer. Makes no query."""
    rows = list(rows)
    return SavingsRow(
        label=label,
        decisions=sum(row.decisions for row in rows),
        accepted=sum(row.accepted for row in rows),
        escalated=sum(row.escalated for row in rows),
        pass_through=sum(row.pass_through for row in rows),
        aborted=sum(row.aborted for row in rows),
        unknown_cost=sum(row.unknown_cost for row in rows),
        cost_nusd=sum(row.cost_nusd for row in rows),
        baseline_nusd=sum(row.baseline_nusd for row in rows),
        repeats=sum(row.repeats for row in rows),
    )


def has_money(rows: Iterable[SavingsRow]) -> bool:
    """Whether anything was spent, saved or may have been. Makes no query."""
    return any(row.cost_nusd or row.baseline_nusd or row.unknown_cost for row in rows)


def _decisions(
    start: datetime, end: datetime, *, simulated: bool
) -> QuerySet[RoutingDecision]:
    return RoutingDecision.objects.filter(
        ANSWERS, started_at__gte=start, started_at__lt=end, simulated=simulated
    )


def _dearest_first(groups: Iterable[Mapping[str, Any]]) -> list[SavingsRow]:
    rows = [_row(group["rule"], group) for group in groups]
    return sorted(rows, key=lambda row: (-row.baseline_nusd, row.label))


def _row(label: str, sums: Mapping[str, Any]) -> SavingsRow:
    """A row of the sums; PostgreSQL adds up to Decimal, which is made int again."""
    return SavingsRow(
        label=label,
        decisions=sums["decisions"],
        **{name: sums[name] for name in COUNTS},
        cost_nusd=int(sums["spent"]),
        baseline_nusd=int(sums["baseline"]),
    )
