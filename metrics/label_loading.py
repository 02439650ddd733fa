"""Labels of the journal -> the database, in the transaction of the decisions around it.

A label follows its decision in the journal. One whose decision is not there says
nothing of anything: it is let go, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DatabaseError, connection, transaction

from metrics.bulk import in_chunks
from metrics.label_models import COPIED, Label, MeasuredDraft
from metrics.models import RoutingDecision
from metrics.types import LabelRecord


def insert(records: Sequence[LabelRecord]) -> int:
    """Insert labels that are not there yet; how many could not be comes back.

    One that the database refuses takes no other along. Raises DatabaseError only when
    the connection itself is in trouble.
    """
    if not records:
        return 0
    decisions = _decisions({record.decision_id for record in records})
    known = [record for record in records if record.decision_id in decisions]
    return len(records) - len(known) + _refused(known, decisions)


def _refused(
    records: Sequence[LabelRecord], decisions: Mapping[str, Mapping[str, Any]]
) -> int:
    """Insert what the database takes, by halves where it refuses; how many it did."""
    if not records:
        return 0
    try:
        with transaction.atomic():
            _insert_all(records, decisions)
        return 0
    except (DatabaseError, OverflowError, ValueError):
        if connection.needs_rollback:
            raise
    if len(records) == 1:
        return 1
    middle = len(records) // 2
    return _refused(records[:middle], decisions) + _refused(records[middle:], decisions)


def _decisions(ids: set[str]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for some in in_chunks(sorted(ids)):
        rows = RoutingDecision.objects.filter(decision_id__in=some).values(
            "decision_id", "started_at", *COPIED
        )
        found |= {row["decision_id"]: row for row in rows}
    return found


def _insert_all(
    records: Sequence[LabelRecord], decisions: Mapping[str, Mapping[str, Any]]
) -> None:
    labels = [_label(record, decisions[record.decision_id]) for record in records]
    Label.objects.bulk_create(labels, ignore_conflicts=True)
    measured = [
        _measured(record, decisions[record.decision_id])
        for record in records
        if record.features
    ]
    MeasuredDraft.objects.bulk_create(measured, ignore_conflicts=True)


def _label(record: LabelRecord, decision: Mapping[str, Any]) -> Label:
    copied = {name: decision[name] for name in COPIED}
    if not copied["draft_model"]:  # it was only observed
        copied["draft_model"] = record.draft_model[:128]
        copied["confidence"] = record.confidence
    return Label(
        decision_id=record.decision_id,
        source=record.source,
        by=record.by[:128],
        worse=record.worse,
        probability=record.probability,
        trust=record.trust,
        reason=record.reason[:64],
        created_at=record.at,
        decided_at=decision["started_at"],
        **copied,
    )


def _measured(record: LabelRecord, decision: Mapping[str, Any]) -> MeasuredDraft:
    vectors: dict[str, Any] = {
        "features": list(record.features),
        "second": list(record.second),
    }
    return MeasuredDraft(
        decision_id=record.decision_id,
        rule=decision["rule"],
        decided_at=decision["started_at"],
        route=record.route[:32],
        features_version=record.features_version,
        **vectors,
    )
