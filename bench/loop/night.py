"""`python -m bench.loop.night DAYS`: lets days pass and the rules learn; prints how.

Nobody waits for a day: every moment in the database moves into the past instead.
"""

from __future__ import annotations

import sys
from datetime import timedelta

import django
import msgspec
from django.apps import apps
from django.db.models import DateTimeField, F

MODELS = (
    "metrics.RoutingDecision",
    "metrics.Label",
    "metrics.MeasuredDraft",
    "routing.RuleKnowledge",
    "routing.RuleCertificate",
)


def main(days: int) -> None:
    """Age what is there by `days`, teach the rules, print what is known of each."""
    django.setup()
    from metrics import rollups  # noqa: PLC0415  after setup
    from routing.schooling import School  # noqa: PLC0415

    if days:
        for name in MODELS:
            _age(name, timedelta(days=days))
        rollups.rebuild()
    School().work()
    known = apps.get_model("routing.RuleKnowledge").objects.order_by("version")
    certificates = apps.get_model("routing.RuleCertificate").objects.order_by("pk")
    told = {
        row.rule: {"version": row.version, "labels": round(row.labels)} for row in known
    }
    for row in certificates:
        told[row.rule] |= {"certificate": row.state, "why": row.why, "bound": row.bound}
    sys.stdout.write(f"\n{msgspec.json.encode(told).decode()}\n")


def _age(name: str, by: timedelta) -> None:
    model = apps.get_model(name)
    moments = [f for f in model._meta.fields if isinstance(f, DateTimeField)]
    model.objects.update(**{f.name: F(f.name) - by for f in moments})


if __name__ == "__main__":
    main(int(sys.argv[1]))
