"""What labels taught of rules: written in the background, read with the snapshot."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from routing.versioning import ConfigModel


class RuleKnowledge(ConfigModel):
    """What was learned of a rule's drafts, of one pair of models; the newest counts.

    Decisions name the version that judged them. Older ones stay, so that a decision can
    still be explained.
    """

    rule = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    draft_model = models.CharField(max_length=128)
    verifier_model = models.CharField(max_length=128, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    labels = models.FloatField(help_text="Labels it was learned from, by their trust.")
    lessons = models.PositiveIntegerField(help_text="Labelled drafts there were then.")
    taught_until = models.DateTimeField(help_text="Later drafts it has not seen.")
    gate = models.JSONField(null=True, help_text="Judges a draft alone.")
    pair = models.JSONField(null=True, help_text="Judges it beside a second opinion.")
    routes = models.JSONField(default=dict, help_text="Good drafts by route.")
    words = models.JSONField(default=dict, help_text="Labels by a judge's score.")
    checks_paused = models.BooleanField(
        default=False, help_text="Whether checking cost more than its budget."
    )

    class Meta:
        ordering: ClassVar = ["rule", "-version"]
        verbose_name_plural = "rule knowledge"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "version"], name="knowledge_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} v{self.version}"


class RuleCertificate(ConfigModel):
    """What labels allow to be promised of a rule; the newest counts.

    In force: drafts of at least `threshold` keep the promise. Not certifiable: `bound`
    is the best that could be promised. Lapsed: it was in force until `ended_at`.
    """

    class State(models.TextChoices):
        IN_FORCE = "in_force", "in force"
        NOT_CERTIFIABLE = "not_certifiable", "not certifiable"
        LAPSED = "lapsed", "lapsed"

    rule = models.CharField(max_length=64)
    state = models.CharField(max_length=15, choices=State.choices)
    issued_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=200, blank=True)
    knowledge_version = models.PositiveIntegerField()
    harm = models.FloatField(help_text="The promise: the share of worse answers.")
    sure = models.FloatField(help_text="The chance with which it holds.")
    threshold = models.FloatField(null=True)
    bound = models.FloatField()
    labels = models.PositiveIntegerField()
    asking = models.CharField(
        max_length=300, blank=True, help_text="Whom the rule asked about drafts then."
    )

    class Meta:
        ordering: ClassVar = ["-issued_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["rule", "-issued_at"], name="certificate_rule")
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.get_state_display()}"
