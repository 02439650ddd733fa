"""Empty tables between the examples of one test."""

from __future__ import annotations

from django.db.models import Model

from metrics.models import RoutingDecision
from metrics.rollup_models import DailyRollup, DailyTotal


def forget_everything(*others: type[Model]) -> None:
    """Hypothesis runs its examples in one transaction of one test."""
    for table in (RoutingDecision, DailyRollup, DailyTotal, *others):
        table.objects.all().delete()
