"""How a database gets at rows, where it has many of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from metrics.models import RoutingDecision
from tests.metrics.builders import MOMENT

MANY = 3_000
KEYS = 100


def plan(rows: QuerySet[Any]) -> str:
    """Return the plan; sorting is called TEMP B-TREE, as SQLite does.

    SQLite decides by rules, PostgreSQL by what it has counted in the table: it gets
    decisions of many keys, a few of them rare, and counts them.
    """
    if connection.vendor == "postgresql":
        if RoutingDecision.objects.count() < MANY:
            RoutingDecision.objects.bulk_create(_decision(n) for n in range(MANY))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE metrics_routingdecision")
    return rows.explain().replace("Sort Key", "TEMP B-TREE")


def _decision(number: int) -> RoutingDecision:
    kind = number % 1000
    return RoutingDecision(
        decision_id=f"many-{number}",
        started_at=MOMENT - timedelta(minutes=number),
        key_name=f"key {number % KEYS}",
        outcome="account" if kind == 1 else "accepted",
        about=f"about-{number}" if kind == 2 else "",
        saving_nusd=None if kind == 3 else 1,
        simulated=kind == 4,
        aborted=kind == 5,
        repeat=kind == 6,
        total_ms=850,
        overhead_us=900,
        status=200,
        stream=True,
    )
