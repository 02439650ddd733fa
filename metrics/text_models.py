"""Rows with text of prompts and answers, and who read them. Lists never join them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class KeptText(models.Model):
    """The text of one decision, kept for some days because its rule says so.

    It has a permission of its own, and no page in admin: it is read on the page of its
    decision, which writes down who did.
    """

    decision_id = models.CharField(max_length=22, unique=True)
    rule = models.CharField(max_length=64)
    kept_at = models.DateTimeField(db_index=True)
    prompt = models.TextField(help_text="JSON: a list of whose words, and the words.")
    # "" is an answer without text, NULL is no answer.
    draft = models.TextField(null=True, blank=True)  # noqa: DJ001
    verifier = models.TextField(null=True, blank=True)  # noqa: DJ001

    class Meta:
        verbose_name = "kept text"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.decision_id


class TextReading(models.Model):
    """That somebody was shown the text of a decision. Written before it is shown.

    Names are copied: deleting a user takes no entry along.
    """

    read_at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=150, help_text="The user.")
    decision_id = models.CharField(max_length=22)
    rule = models.CharField(max_length=64)

    class Meta:
        verbose_name = "reading of kept text"
        verbose_name_plural = "readings of kept text"
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(fields=["-read_at", "-id"], name="reading_recent"),
            models.Index(fields=["decision_id"], name="reading_decision"),
            models.Index(fields=["by", "-read_at"], name="reading_by"),
        ]

    def __str__(self) -> str:
        return f"{self.by} read {self.decision_id}"
