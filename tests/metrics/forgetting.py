"""Empty tables between the examples of one test."""

from __future__ import annotations

from django.db.models import Model

from metrics.models import RoutingDecision
from metrics.rollup_models import DailyBreakdown, DailyRollup, DailyTotal


def forget_everything(*others: type[Model]) -> None:
    """Hypothesis runs its examples in one transaction of one test."""
    sums = (DailyRollup, DailyBreakdown, DailyTotal)
    for table in (RoutingDecision, *sums, *others):
        table.objects.all().delete()
