"""Rows that say whether a draft was as good as the verifier's answer."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from metrics.fields import CompactJSONField

# What a label copies of its decision, beside its moment.
COPIED = (
    "rule",
    "draft_model",
    "verifier_model",
    "outcome",
    "confidence",
    "simulated",
)


class Label(models.Model):
    """What somebody or something says of one draft. Small, and kept when rows go.

    It has no foreign key to the decision: what reports and certificates need of it is
    copied, so that pruning decisions takes no label along.
    """

    class Source(models.TextChoices):
        PERSON = "person", "a person, on the decision's page"
        CLIENT = "client", "the client, by the feedback API"
        AGREEMENT = "agreement", "comparison with the verifier's answer"
        JUDGE = "judge", "a judge model"

    decision_id = models.CharField(max_length=22)
    source = models.CharField(max_length=9, choices=Source.choices)
    by = models.CharField(
        max_length=128, blank=True, help_text="The user, client key or model."
    )
    worse = models.BooleanField(
        help_text="Whether the draft is worse than the verifier's answer to the same "
        "request is, or would have been."
    )
    draft_score = models.FloatField(null=True, blank=True)
    verifier_score = models.FloatField(null=True, blank=True)
    probability = models.FloatField(
        null=True,
        blank=True,
        help_text="The chance with which this decision was drawn to be labelled. "
        "Empty: it was not drawn at random, so it stands for no other.",
    )
    trust = models.FloatField(
        default=1.0, help_text="How much it counts, from 0 to 1 (certain)."
    )
    reason = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # Copied from the decision.
    decided_at = models.DateTimeField()
    rule = models.CharField(max_length=64, blank=True)
    draft_model = models.CharField(max_length=128)
    verifier_model = models.CharField(max_length=128)
    outcome = models.CharField(max_length=12)
    confidence = models.FloatField(null=True, blank=True)
    simulated = models.BooleanField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["rule", "-decided_at"], name="label_rule"),
            models.Index(fields=["-decided_at"], name="label_recent"),
            models.Index(
                fields=["outcome", "simulated", "-decided_at"], name="label_outcome"
            ),
            models.Index(
                fields=["outcome", "simulated", "-decided_at"],
                condition=models.Q(probability__isnull=True),
                name="label_picked",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["decision_id", "source", "by"], name="label_once"
            ),
            models.CheckConstraint(
                name="label_shares",
                condition=models.Q(trust__gte=0, trust__lte=1)
                & (
                    models.Q(probability__isnull=True)
                    | models.Q(probability__gt=0, probability__lte=1)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id}: {'worse' if self.worse else 'as good'}"


class MeasuredDraft(models.Model):
    """What was measured of a draft that has a label: what a rule learns from.

    Numbers only, in the order of the names of their set; nothing of the text can be
    told from them. Kept apart from the labels, of which one draft may have several.
    """

    decision_id = models.CharField(max_length=22, unique=True)
    rule = models.CharField(max_length=64)
    decided_at = models.DateTimeField()
    route = models.CharField(max_length=32, blank=True)
    features_version = models.PositiveIntegerField()
    features: models.Field[Any, Any] = CompactJSONField(default=list)
    second: models.Field[Any, Any] = CompactJSONField(
        default=list, help_text="Beside a second opinion; empty when none was asked."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["rule", "-decided_at"], name="measured_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id}: {len(self.features)} features"
