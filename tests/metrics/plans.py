"""How a database would get at rows, had it more than a handful of them."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet


def plan(rows: QuerySet[Any]) -> str:
    """Return the plan; sorting is called TEMP B-TREE, as SQLite does.

    PostgreSQL reads a small table whole unless it may not: inside this transaction.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for way in ("seqscan", "bitmapscan", "sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    return rows.explain().replace("Sort Key", "TEMP B-TREE")
