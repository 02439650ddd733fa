"""Rows of closed months: what a statement said on the day it was closed, for good."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class MonthClosing(models.Model):
    """A month that was closed: by whom, when, and in which zone its days were.

    Rows are written once. Nothing changes or deletes them.
    """

    month = models.DateField(unique=True, help_text="Its first day.")
    closed_at = models.DateTimeField()
    closed_by = models.CharField(
        max_length=150, help_text="The name of the user, kept when the user goes."
    )
    time_zone = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["-month"]
        default_permissions: ClassVar[Any] = ()
        permissions: ClassVar = [("close_month", "Can close a month")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}, closed"


class ClosedSum(models.Model):
    """What one key spent under one tag in a closed month; real money only.

    So fine that statements by key and by tag are sums of the same rows. Money is of
    the decisions whose cost and baseline were known; `unknown_cost` counts the others.
    """

    closing = models.ForeignKey(
        MonthClosing, on_delete=models.PROTECT, related_name="sums"
    )
    key_name = models.CharField(max_length=64, blank=True)
    tag = models.CharField(max_length=64, blank=True)
    decisions = models.BigIntegerField()
    unknown_cost = models.BigIntegerField()
    cost_nusd = models.BigIntegerField()
    baseline_nusd = models.BigIntegerField()

    class Meta:
        default_permissions: ClassVar[Any] = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["closing", "key_name", "tag"], name="closed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.closing_id}: {self.key_name}, {self.tag}"
