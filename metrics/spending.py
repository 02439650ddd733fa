"""What keys spent, from the sums by day. Real and simulated money are kept apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, Sum

from metrics.rollup_models import DailyRollup


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpending:
    """What the decisions of a key cost, on a day and in its month up to that day.

    Decisions whose cost or baseline nobody knows are in neither.
    """

    day_nusd: int
    month_nusd: int


def by_key(names: Iterable[str], day: date) -> dict[tuple[str, bool], KeySpending]:
    """Return the spending of keys by name, for real (False) and simulated (True) money.

    A key without decisions this month is left out. One query.
    """
    rows = (
        DailyRollup.objects.filter(
            day__range=(day.replace(day=1), day), key_name__in=list(names)
        )
        .values("key_name", "simulated")
        .annotate(
            month=Sum("cost_nusd", default=0),
            today=Sum("cost_nusd", filter=Q(day=day), default=0),
        )
    )
    return {
        (row["key_name"], row["simulated"]): KeySpending(
            day_nusd=row["today"], month_nusd=row["month"]
        )
        for row in rows
    }
