"""Months as they are charged: by key or tag, and what came after a month was closed.

Real money only. A closed month is never changed: what its decisions come to now, less
what they came to when it was closed, are its adjustments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from metrics import formats, rollups
from metrics.periods import Period
from metrics.reports import Dimension
from metrics.rollup_models import DailyRollup, RollupState
from metrics.statement_models import ClosedSum, MonthClosing

By = Literal["tag", "key"]
AXES: tuple[By, ...] = get_args(By)
COLUMN_OF: Mapping[By, Dimension] = {"tag": "tag", "key": "key_name"}
SUMS = ("decisions", "unknown_cost", "cost_nusd", "baseline_nusd")
SUMMED = {f"sum_{name}": Sum(name, default=0) for name in SUMS}
LISTED_MONTHS = 36


class NotClosable(Exception):
    """A month cannot be closed now; its text is for who tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one key or tag is charged. Of an adjustment every figure may be negative.

    Money is of decisions whose cost and baseline are known; `unknown_cost` of the
    `decisions` are others.
    """

    label: str
    decisions: int = 0
    unknown_cost: int = 0
    cost_nusd: int = 0
    baseline_nusd: int = 0

    @property
    def saving_nusd(self) -> int:
        """Gross minus net; negative when the cascade lost."""
        return self.baseline_nusd - self.cost_nusd

    @property
    def all_unknown(self) -> bool:
        """Whether its sums are of nothing: to be shown as unknown, not as zero."""
        return 0 < self.decisions == self.unknown_cost

    @property
    def nothing(self) -> bool:
        """Whether it adjusts nothing."""
        return not any(getattr(self, name) for name in SUMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A month by key or tag: gross (verifier alone), saved, net (spent).

    `lines` are final when it is `closed`, else as of now. `adjustments` are what has
    changed since, none of a month that is open.
    """

    period: Period
    by: By
    lines: list[Line]
    adjustments: list[Line]
    closed: MonthClosing | None

    @property
    def month(self) -> str:
        """The month, written 2026-11."""
        return f"{self.period.first:%Y-%m}"

    @property
    def total(self) -> Line:
        """The sum of its lines, without adjustments."""
        return total(self.lines, label="All")

    @property
    def adjustment(self) -> Line:
        """The sum of the adjustments."""
        return total(self.adjustments, label="Adjustments")

    @property
    def adjusted(self) -> Line:
        """What the month comes to with its adjustments."""
        return total([self.total, self.adjustment], label="All with adjustments")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMonth:
    """A month in the list of months."""

    month: str
    running: bool
    closed_at: datetime | None
    closed_by: str


def read(period: Period, *, by: By) -> Statement:
    """Return the statement of a month."""
    closing = MonthClosing.objects.filter(month=period.first).first()
    current = _current(period, COLUMN_OF[by])
    if closing is None:
        return Statement(
            period=period, by=by, lines=_sorted(current), adjustments=[], closed=None
        )
    groups = closing.sums.values_list(COLUMN_OF[by])
    lines = _lines(groups.annotate(**SUMMED))
    return Statement(
        period=period,
        by=by,
        lines=_sorted(lines),
        adjustments=_differences(current, lines),
        closed=closing,
    )


def months() -> list[ListedMonth]:
    """Return the months with real decisions or a closing, the newest first.

    Three years at most.
    """
    real = DailyRollup.objects.filter(simulated=False)
    days = [real.order_by("day").values_list("day", flat=True).first()]
    days += [real.order_by("-day").values_list("day", flat=True).first()]
    closings = {c.month: c for c in MonthClosing.objects.all()[:LISTED_MONTHS]}
    known = [day for day in days if day] + list(closings)
    if not known:
        return []
    today = timezone.localdate()
    return [
        _listed(first, closings.get(first), today)
        for first in _firsts(min(known), max(known))
    ]


def axis(name: str) -> By | None:
    """Return the axis called `name`; None when there is none."""
    return next((axis for axis in AXES if axis == name), None)


def not_closable(statement: Statement, *, behind: int) -> str:
    """Return why a month cannot be closed now; "" when it can.

    `behind` decisions are in the account and not in the sums yet.
    """
    if statement.closed is not None:
        return f"{statement.month} is closed already."
    if timezone.localdate() <= statement.period.last:
        return f"{statement.month} is not over yet."
    if not statement.lines:
        return f"{statement.month} has no decisions."
    if behind:
        return "Decisions have come that are not in these figures yet. Try again soon."
    return ""


def close(period: Period, user: AbstractBaseUser) -> MonthClosing:
    """Close a month for good, and write down who did it. Raises NotClosable.

    Nobody adds to the sums meanwhile, and of two who try one comes too late.
    """
    with transaction.atomic():
        state = RollupState.locked()
        statement = read(period, by="tag")
        if problem := not_closable(statement, behind=rollups.standing().behind):
            raise NotClosable(problem)
        closing = MonthClosing.objects.create(
            month=period.first,
            closed_at=timezone.now(),
            closed_by=user.get_username(),
            time_zone=state.time_zone,
        )
        ClosedSum.objects.bulk_create(_closed_sums(closing, period))
        LogEntry.objects.log_actions(
            user.pk, [closing], ADDITION, _said(statement.total), single_object=True
        )
    return closing


def total(lines: Iterable[Line], *, label: str) -> Line:
    """Return the sum of `lines`, exact."""
    lines = list(lines)
    sums = {name: sum(getattr(line, name) for line in lines) for name in SUMS}
    return Line(label=label, **sums)


def _current(period: Period, column: str) -> dict[str, Line]:
    groups = _days(period).values_list(column)
    return _lines(groups.annotate(**SUMMED))


def _days(period: Period) -> QuerySet[DailyRollup]:
    return DailyRollup.objects.filter(
        day__range=(period.first, period.last), simulated=False
    )


def _lines(groups: Iterable[Sequence[Any]]) -> dict[str, Line]:
    """PostgreSQL adds up to Decimal, which is made int again."""
    return {
        label: Line(label=label, **dict(zip(SUMS, map(int, sums), strict=True)))
        for label, *sums in groups
    }


def _closed_sums(closing: MonthClosing, period: Period) -> list[ClosedSum]:
    groups = _days(period).values_list("key_name", "tag")
    return [
        ClosedSum(
            closing=closing,
            key_name=key_name,
            tag=tag,
            **dict(zip(SUMS, map(int, sums), strict=True)),
        )
        for key_name, tag, *sums in groups.annotate(**SUMMED)
    ]


def _differences(now: Mapping[str, Line], then: Mapping[str, Line]) -> list[Line]:
    """What each label came to now beyond what it came to then, where it is anything."""
    found: dict[str, Line] = {}
    for label in now.keys() | then.keys():
        after, before = (x.get(label, Line(label=label)) for x in (now, then))
        more = {name: getattr(after, name) - getattr(before, name) for name in SUMS}
        line = Line(label=label, **more)
        if not line.nothing:
            found[label] = line
    return _sorted(found)


def _sorted(lines: Mapping[str, Line]) -> list[Line]:
    """The dearest first."""
    return sorted(lines.values(), key=lambda line: (-line.baseline_nusd, line.label))


def _firsts(first: date, last: date) -> list[date]:
    """The first days of the months from `first` to `last`, the newest first."""
    found = [last.replace(day=1)]
    while found[-1] > first.replace(day=1) and len(found) < LISTED_MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found


def _listed(first: date, closing: MonthClosing | None, today: date) -> ListedMonth:
    return ListedMonth(
        month=f"{first:%Y-%m}",
        running=first >= today.replace(day=1),
        closed_at=closing.closed_at if closing else None,
        closed_by=closing.closed_by if closing else "",
    )


def _said(sums: Line) -> str:
    return (
        f"Closed at {formats.usd(sums.baseline_nusd)} gross, "
        f"{formats.usd(sums.saving_nusd)} saved, {formats.usd(sums.cost_nusd)} net."
    )
