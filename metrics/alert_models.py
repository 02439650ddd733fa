"""The queue of alerts: what is to be told, to whom, and how that went."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class Alert(models.Model):
    """One alert on its way through one channel. Its name makes it the only one."""

    name = models.CharField(
        max_length=160, help_text="What it is about, such as budget:7:d:2026-11-26:80."
    )
    channel = models.CharField(max_length=16)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(
        null=True, default=timezone.now, help_text="Empty when it needs none."
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(
        max_length=300, blank=True, help_text="What went wrong at the last try."
    )

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "channel"], name="alert_once")
        ]
        indexes: ClassVar = [models.Index(fields=["next_try_at"], name="alert_due")]

    def __str__(self) -> str:
        return f"{self.subject} ({self.channel})"
