"""Writes what somebody or something says of a draft: one label a decision and source.

The one place that writes labels; it copies what they need of the decision.
"""

from __future__ import annotations

from typing import TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from metrics.label_models import COPIED, Label
from metrics.models import RoutingDecision

BY_LENGTH = 128


class NotJudgedError(ValueError):
    """There is no judged draft that a label could be about."""


class Details(TypedDict, total=False):
    """What a label may hold beside its verdict; see the fields of `Label`."""

    draft_score: float | None
    verifier_score: float | None
    probability: float | None
    trust: float
    reason: str


def may_be_labelled(decision: RoutingDecision) -> bool:
    """Return whether the decision has a draft that was judged."""
    return bool(decision.draft_model) and decision.confidence is not None


def record(
    decision: RoutingDecision,
    source: str,
    by: str,
    *,
    worse: bool,
    **details: Unpack[Details],
) -> Label:
    """Return the label of `source` and `by` on this decision, written or changed.

    Saying the same again changes nothing, not even its time. Raises NotJudgedError
    where there is no judged draft.
    """
    if not may_be_labelled(decision):
        raise NotJudgedError(f"decision {decision.decision_id} has no judged draft")
    said = {"worse": worse, **details}
    with transaction.atomic():
        label, new = Label.objects.select_for_update().get_or_create(
            decision_id=decision.decision_id,
            source=source,
            by=by[:BY_LENGTH],
            defaults={**said, **_copied(decision)},
        )
        if not new and any(getattr(label, k) != v for k, v in said.items()):
            for name, value in said.items():
                setattr(label, name, value)
            label.created_at = timezone.now()
            label.save(update_fields=[*said, "created_at"])
    return label


def remove(decision_id: str, source: str, by: str) -> bool:
    """Take a label back; whether there was one comes back."""
    mine = Label.objects.filter(
        decision_id=decision_id, source=source, by=by[:BY_LENGTH]
    )
    return mine.delete()[0] > 0


def labels_of(decision_id: str) -> list[Label]:
    """Return the labels of a decision, the oldest first."""
    labels = Label.objects.filter(decision_id=decision_id)
    return list(labels.order_by("created_at", "pk"))


def _copied(decision: RoutingDecision) -> dict[str, object]:
    values = {name: getattr(decision, name) for name in COPIED}
    return {**values, "decided_at": decision.started_at}
