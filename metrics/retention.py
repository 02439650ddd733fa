"""Deletes old decisions, batch by batch; what was summed stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from metrics import rollups
from metrics.models import RoutingDecision
from metrics.rollup_models import RollupState

BATCH_ROWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Decisions from before a moment, which is the first of a day of the sums."""

    before: datetime
    day: date


def count_old(*, days: int) -> int:
    """Return how many decisions `prune` would delete now."""
    return _old(_cut(RollupState.current(), days).before).count()


def prune(*, days: int, at_most: int | None = None) -> int:
    """Delete decisions older than the last `days` days; how many comes back.

    Today is no whole day and comes on top. All are summed first, and from then on the
    sums of those days are never made again. Each batch is a transaction; with `at_most`
    it stops after the batch that reaches it, to be called again.
    """
    rollups.fold()
    before = _settle(days)
    deleted = 0
    while at_most is None or deleted < at_most:
        count = _delete_batch(before)
        deleted += count
        if count < BATCH_ROWS:
            break
    return deleted


def _cut(state: RollupState, days: int) -> Cut:
    zone = ZoneInfo(state.time_zone)
    day = timezone.localdate(timezone=zone) - timedelta(days=days)
    return Cut(before=datetime.combine(day, time.min, zone), day=day)


def _settle(days: int) -> datetime:
    """Write down what is about to go, before it goes; returns the moment.

    A day is settled once: after a change of TIME_ZONE the border waits until it can
    move on by a whole day of both.
    """
    with transaction.atomic():
        state = RollupState.locked()
        cut = _cut(state, days)
        before, day = state.pruned_before, state.pruned_day
        if before and day and (cut.before <= before or cut.day <= day):
            return min(cut.before, before)
        state.pruned_before, state.pruned_day = cut.before, cut.day
        state.save(update_fields=["pruned_before", "pruned_day"])
        return cut.before


def _delete_batch(before: datetime) -> int:
    """Delete some that are in the sums: one that came just now stays until it is."""
    with transaction.atomic():
        summed = _old(before).filter(id__lte=RollupState.current().last_id)
        batch = summed.order_by("started_at").values("pk")[:BATCH_ROWS]
        return RoutingDecision.objects.filter(pk__in=batch).delete()[0]


def _old(before: datetime) -> QuerySet[RoutingDecision]:
    return RoutingDecision.objects.filter(started_at__lt=before)
