"""Rows of sums over decisions, made ahead of time: what the reports read.

A decision is added to each table once, in the transaction that moves
`RollupState.last_id` past it. Requests to account endpoints are in none of them. Money
is summed over decisions whose cost and baseline are both known, no others.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from metrics.types import BINS


def _sum(help_text: str = "") -> models.BigIntegerField[int, int]:
    return models.BigIntegerField(default=0, help_text=help_text)


def no_bins() -> list[int]:
    """Return a sum for each bin of confidence: nothing yet."""
    return [0] * BINS


class Sums(models.Model):
    """What every rollup sums."""

    decisions = _sum()
    repeats = _sum("Tries of a turn that failed shortly before.")
    aborted = _sum()
    failed = _sum("Answered with a status from 400.")
    unknown_cost = _sum("Cost or baseline is not known.")
    cost_nusd = _sum()
    baseline_nusd = _sum()

    class Meta:
        abstract = True

    @property
    def saving_nusd(self) -> int:
        """Baseline minus cost; negative when the cascade lost."""
        return self.baseline_nusd - self.cost_nusd


class DailySums(Sums):
    """What is summed by day beside that."""

    draft_nusd = _sum("Cost of drafts, wasted ones too.")
    verifier_nusd = _sum("Cost of verifiers and their fallbacks.")
    check_nusd = _sum("Cost of second opinions, judges and shadow evaluations.")
    wasted_drafts = _sum("Drafts that were not returned.")
    wasted_nusd = _sum("Cost of drafts that were not returned.")
    lost_cache_nusd = _sum("What verifiers cost more, their caches having gone cold.")
    wasted_ms = _sum("Time those drafts took.")
    overhead_us = _sum("Our own time.")
    total_ms = _sum()
    draft_prompt_tokens = _sum("Cached ones among them.")
    draft_cached_tokens = _sum("Read from the prompt cache.")
    draft_output_tokens = _sum()
    verifier_prompt_tokens = _sum("Cached ones among them.")
    verifier_cached_tokens = _sum("Read from the prompt cache.")
    verifier_output_tokens = _sum()
    check_prompt_tokens = _sum("Cached ones among them.")
    check_cached_tokens = _sum("Read from the prompt cache.")
    check_output_tokens = _sum()

    class Meta:
        abstract = True


class DailyTotal(DailySums):
    """The sums of a day: few rows, so that a year of them is read at once."""

    day = models.DateField(help_text="A day of TIME_ZONE.")
    simulated = models.BooleanField()
    outcome = models.CharField(max_length=12)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "simulated", "outcome"], name="total_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.outcome}: {self.decisions}"


class DailyBreakdown(DailySums):
    """The sums of a day by one dimension alone: what tables and rules' trends read."""

    day = models.DateField(help_text="A day of TIME_ZONE.")
    simulated = models.BooleanField()
    dimension = models.CharField(max_length=16)
    label = models.CharField(max_length=128)
    outcome = models.CharField(max_length=12)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "simulated", "dimension", "label", "outcome"],
                name="breakdown_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.dimension} {self.label}: {self.decisions}"


class DailyRollup(DailySums):
    """The sums of a day, by everything that reports ask for."""

    day = models.DateField(help_text="A day of TIME_ZONE.")
    simulated = models.BooleanField()
    rule = models.CharField(max_length=64)
    key_name = models.CharField(max_length=64)
    tag = models.CharField(max_length=64)
    requested_model = models.CharField(max_length=128)
    served_model = models.CharField(max_length=128)
    outcome = models.CharField(max_length=12)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "day",
                    "simulated",
                    "rule",
                    "key_name",
                    "tag",
                    "requested_model",
                    "served_model",
                    "outcome",
                ],
                name="daily_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.rule} {self.outcome}: {self.decisions}"


class HourlyRollup(Sums):
    """The sums of an hour: narrow, so that a week of them is read at once."""

    hour = models.DateTimeField(help_text="Its first moment, an hour of TIME_ZONE.")
    simulated = models.BooleanField()
    rule = models.CharField(max_length=64)
    outcome = models.CharField(max_length=12)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hour", "simulated", "rule", "outcome"], name="hourly_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour} {self.rule} {self.outcome}: {self.decisions}"


class ScoreHistogram(models.Model):
    """Judged drafts of a day by confidence, in 100 bins: what a threshold would do.

    Bin n holds confidences from n/100 until before (n+1)/100; the last one holds 1 too.
    `draft_nusd` and `baseline_nusd` are of decisions whose money is known, which
    `known` counts; `draft_nusd` is the cost of the drafts alone.
    """

    day = models.DateField(help_text="A day of TIME_ZONE.")
    simulated = models.BooleanField()
    rule = models.CharField(max_length=64)
    outcome = models.CharField(max_length=12)
    vetoed = models.BooleanField(help_text="No threshold would have accepted these.")
    decisions = models.JSONField(default=no_bins)
    known = models.JSONField(default=no_bins)
    draft_nusd = models.JSONField(default=no_bins)
    baseline_nusd = models.JSONField(default=no_bins)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "simulated", "rule", "outcome", "vetoed"],
                name="histogram_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.rule} {self.outcome}: {sum(self.decisions)}"


class RollupState(models.Model):
    """How far decisions have been added up. One row; who adds or inserts locks it.

    `pruned_before` is the first moment whose decisions are all still there, and
    `pruned_day` the first day: the sums of the days before it cannot be made again.
    """

    last_id = models.BigIntegerField(default=0)
    time_zone = models.CharField(max_length=64)
    pruned_before = models.DateTimeField(null=True)
    pruned_day = models.DateField(null=True)

    def __str__(self) -> str:
        return f"up to {self.last_id}, days of {self.time_zone}"

    @classmethod
    def locked(cls) -> RollupState:
        """Return the one row, locked until the transaction ends.

        SQLite has no locks on rows: there a transaction locks everything as it begins.
        """
        cls.current()
        return cls.objects.select_for_update().get(pk=1)

    @classmethod
    def locked_if_free(cls) -> RollupState | None:
        """Return the one row, locked; None when another process holds the lock."""
        cls.current()
        return cls.objects.select_for_update(skip_locked=True).filter(pk=1).first()

    @classmethod
    def current(cls) -> RollupState:
        """Return the one row, made when there is none."""
        zone = timezone.get_default_timezone_name()
        return cls.objects.get_or_create(pk=1, defaults={"time_zone": zone})[0]
