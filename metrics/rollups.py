"""Keeps the rollups: every decision is added once, in the order of its id.

`RollupState.last_id` moves in the transaction that adds. That is enough because ids are
committed in their order: whoever inserts decisions holds the lock on that row (the
loader does), so none can appear behind it. Decisions that were pruned stay in the sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from metrics import adding, rows
from metrics.folding import Calendar, Decision, Tally
from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.rollup_models import (
    DailyBreakdown,
    DailyRollup,
    DailyTotal,
    HourlyRollup,
    RollupState,
    ScoreHistogram,
)

FOLD_ROWS = 5_000
REBUILD_ROWS = 50_000
# What a page adds itself, so that whoever looks does not wait: some hundredths of a
# second. The keeper adds the rest.
PAGE_ROWS = 1_000
COUNTED_AT_MOST = 10_001
# What a loader adds first when the sums are behind, so that it can go on from there.
CAUGHT_UP_ROWS = 2_000
Rows = QuerySet[RoutingDecision]
_summed = itemgetter(*map(rows.NAMES.index, Decision._fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What readers of the sums must know.

    `behind`: decisions not added yet, 10,001 when there are more than ten thousand.
    `time_zone`: whose days the sums are of. Before `pruned_day`, sums are all there is.
    """

    behind: int
    time_zone: str
    pruned_day: date | None

    @property
    def other_zone(self) -> bool:
        """Whether TIME_ZONE was changed and the sums were not made anew."""
        return self.time_zone != timezone.get_default_timezone_name()

    def pruned_in(self, period: Period) -> bool:
        """Whether decisions of `period` may be gone, while their sums are there."""
        return self.pruned_day is not None and period.first < self.pruned_day


def fold(*, at_most: int | None = None) -> int:
    """Add decisions that are not in the sums yet; how many comes back.

    Each batch is a transaction. Waits for others that add or insert.
    """
    folded = 0
    while at_most is None or folded < at_most:
        with transaction.atomic():
            count = _fold_next(RollupState.locked(), FOLD_ROWS)
        folded += count
        if count < FOLD_ROWS:
            break
    return folded


def is_caught_up(state: RollupState) -> bool:
    """Return whether all that is there is in the sums, after adding some that are not.

    For a loader that holds the lock on `state` and is about to insert. Where adding
    fails, the loader goes on: only the sums stay behind.
    """
    try:
        with transaction.atomic():
            return _fold_next(state, CAUGHT_UP_ROWS) < CAUGHT_UP_ROWS
    except (DatabaseError, OverflowError):
        return False


def add_inserted(state: RollupState, inserted: Iterable[Sequence[Any]]) -> None:
    """Add the rows that were just inserted, as `metrics.rows.values_of` made them.

    In the transaction that inserted them, by the one who holds the lock on `state`:
    they must be all that is not in the sums. Reading them again is what this saves.
    Where adding fails, they stay to be folded.
    """
    decisions = [Decision(*_summed(values)) for values in inserted]
    try:
        with transaction.atomic():
            _add(decisions, calendar_of(state))
            _move(state, _last_id())
    except (DatabaseError, OverflowError):
        return


def catch_up() -> Standing:
    """Add the newest decisions unless another process is at it; say how it stands.

    For pages: bounded, and waits for nobody.
    """
    found = standing()
    if not found.behind:
        return found
    try:
        with _without_waiting(), transaction.atomic():
            state = RollupState.locked_if_free()
            if state is not None:
                _fold_next(state, PAGE_ROWS)
    except OperationalError:
        return found  # SQLite: somebody writes, and may well be adding these.
    return standing()


def standing() -> Standing:
    """Return how the sums stand. Adds nothing."""
    state = RollupState.current()
    return Standing(
        behind=_behind(state),
        time_zone=state.time_zone,
        pruned_day=state.pruned_day,
    )


def rebuild() -> int:
    """Make the sums anew, with the days of TIME_ZONE; returns the decisions read.

    One transaction: readers see the old sums until it is done, and nobody else inserts
    or adds meanwhile. Days whose decisions were pruned keep their sums.
    """
    with transaction.atomic():
        state = RollupState.locked()
        while _fold_next(state, REBUILD_ROWS):
            continue
        state.time_zone = timezone.get_default_timezone_name()
        state.save(update_fields=["time_zone"])
        _forget(state)
        return _read_again(state)


def calendar_of(state: RollupState) -> Calendar:
    """Return how days are reckoned in the sums."""
    return Calendar(
        zone=ZoneInfo(state.time_zone),
        pruned_before=state.pruned_before,
        pruned_day=state.pruned_day,
    )


def _fold_next(state: RollupState, limit: int) -> int:
    """Add the next decisions to the sums. The caller holds the lock on `state`."""
    last_id, decisions = _read(_decisions(state.last_id), limit)
    if decisions:
        _add(decisions, calendar_of(state))
        _move(state, last_id)
    return len(decisions)


def _move(state: RollupState, last_id: int) -> None:
    """Say in the database, then in `state`, how far decisions have been added."""
    RollupState.objects.filter(pk=state.pk).update(last_id=last_id)
    state.last_id = last_id


def _read_again(state: RollupState) -> int:
    """Add everything up to `last_id` but what is older than what was pruned."""
    last_id, count = 0, 0
    while True:
        last_id, decisions = _read(_kept(state).filter(id__gt=last_id), REBUILD_ROWS)
        if not decisions:
            return count
        _add(decisions, calendar_of(state))
        count += len(decisions)


def _kept(state: RollupState) -> Rows:
    summed = _decisions(0).filter(id__lte=state.last_id)
    if state.pruned_before is None:
        return summed
    return summed.filter(started_at__gte=state.pruned_before)


def _forget(state: RollupState) -> None:
    """Take away the sums that can be made again."""
    days, hours = Q(), Q()
    if state.pruned_before is not None:
        days = Q(day__gte=state.pruned_day)
        hours = Q(hour__gte=state.pruned_before)
    DailyRollup.objects.filter(days).delete()
    DailyBreakdown.objects.filter(days).delete()
    DailyTotal.objects.filter(days).delete()
    ScoreHistogram.objects.filter(days).delete()
    HourlyRollup.objects.filter(hours).delete()


def _decisions(last_id: int) -> Rows:
    return RoutingDecision.objects.filter(id__gt=last_id).order_by("id")


def _last_id() -> int:
    return RoutingDecision.objects.aggregate(last=Max("id"))["last"] or 0


def _read(queryset: Rows, limit: int) -> tuple[int, list[Decision]]:
    """The id of the last decision, 0 without any, and what is summed of all."""
    read = list(queryset.values_list("id", *Decision._fields)[:limit])
    return (read[-1][0] if read else 0), [Decision(*row[1:]) for row in read]


def _add(decisions: list[Decision], calendar: Calendar) -> None:
    tally = Tally(calendar=calendar)
    for decision in decisions:
        if decision.outcome != RoutingDecision.Outcome.ACCOUNT:
            tally.add(decision)
    adding.add(tally)


def _behind(state: RollupState) -> int:
    return _decisions(state.last_id).order_by()[:COUNTED_AT_MOST].count()


@contextmanager
def _without_waiting() -> Iterator[None]:
    """Let SQLite refuse a lock at once, inside this block.

    PostgreSQL is asked for the lock only if it is free.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(before)}")
