"""Rows of the account: decisions as they happened and prices as they were."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models

from metrics import (  # noqa: F401  Django finds them here
    alert_models,
    label_models,
    report_key_models,
    rollup_models,
    statement_models,
    text_models,
)
from metrics.fields import CompactJSONField
from metrics.types import Price


class RoutingDecision(models.Model):
    """One request and all it caused. Append-only; no text of prompts or answers.

    It has no foreign key to configuration: names and prices are copies, so editing or
    deleting a rule cannot rewrite history and pruning is one DELETE.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "draft accepted"
        ESCALATED = "escalated", "escalated"
        PASS_THROUGH = "pass_through", "pass-through"
        ACCOUNT = "account", "account endpoint"
        SHADOW = "shadow", "shadow evaluation"

    decision_id = models.CharField(max_length=22, unique=True)
    started_at = models.DateTimeField()
    key_name = models.CharField(max_length=64, blank=True)
    key_prefix = models.CharField(max_length=16, blank=True)
    tag = models.CharField(max_length=64, blank=True)
    rule = models.CharField(max_length=64, blank=True)
    requested_model = models.CharField(max_length=128)
    served_model = models.CharField(max_length=128, blank=True)
    draft_model = models.CharField(max_length=128, blank=True)
    verifier_model = models.CharField(max_length=128, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    reason = models.CharField(max_length=64, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    threshold = models.FloatField(null=True, blank=True)
    signals = CompactJSONField(default=dict, blank=True)
    calls = CompactJSONField(
        default=list,
        help_text="Every call: role, provider, model, status, usage, price, cost in "
        "nano-USD, milliseconds. See docs/journal.md.",
    )
    cost_nusd = models.BigIntegerField(
        null=True, blank=True, help_text="All calls, in nano-USD; empty when unknown."
    )
    baseline_nusd = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="What the verifier alone would have cost, in nano-USD.",
    )
    saving_nusd = models.BigIntegerField(
        null=True, blank=True, help_text="Baseline minus cost; may be negative."
    )
    total_ms = models.IntegerField()
    overhead_us = models.IntegerField(help_text="Our own time, in microseconds.")
    draft_ms = models.IntegerField(null=True, blank=True)
    verifier_ms = models.IntegerField(null=True, blank=True)
    first_byte_ms = models.IntegerField(null=True, blank=True)
    status = models.SmallIntegerField()
    stream = models.BooleanField()
    aborted = models.BooleanField()
    simulated = models.BooleanField()
    repeat = models.BooleanField(
        default=False,
        help_text="The same turn failed shortly before: one turn, two costs.",
    )
    endpoint = models.CharField(
        max_length=32,
        blank=True,
        help_text="What an account endpoint reached, such as files.",
    )
    baseline_basis = models.CharField(
        max_length=16, blank=True, help_text="How the baseline came about."
    )
    estimate_nusd = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="What the baseline would have been estimated at, of an escalation.",
    )

    about = models.CharField(
        max_length=22,
        blank=True,
        help_text="Of a shadow evaluation: the decision it is about.",
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["about"], condition=~models.Q(about=""), name="decision_about"
            ),
            models.Index(fields=["-started_at", "-id"], name="decision_recent"),
            models.Index(fields=["rule", "-started_at"], name="decision_rule"),
            models.Index(fields=["key_name", "-started_at"], name="decision_key"),
            models.Index(
                fields=["outcome", "-started_at", "-id"], name="decision_outcome"
            ),
            # What is rare is not found in `decision_recent` without reading all of it.
            # Where two of these fit, SQLite takes the later one: the rarer one.
            models.Index(
                fields=["-started_at", "-id"],
                condition=models.Q(simulated=True),
                name="decision_simulated",
            ),
            models.Index(
                fields=["-started_at", "-id"],
                condition=models.Q(repeat=True),
                name="decision_repeat",
            ),
            models.Index(
                fields=["-started_at", "-id"],
                condition=models.Q(aborted=True),
                name="decision_aborted",
            ),
            models.Index(
                fields=["-started_at", "-id"],
                condition=models.Q(saving_nusd__isnull=True),
                name="decision_unknown",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id} {self.outcome}"


class ModelPrice(models.Model):
    """The price of a model from a day on, in US dollars per million tokens.

    Batches and fast answers have rows of their own: their prices are no fixed share of
    the listed ones, and one that nobody entered is unknown.
    """

    provider = models.CharField(
        max_length=32,
        blank=True,
        help_text="Kind of provider, such as anthropic. Empty: any provider.",
    )
    model = models.CharField(
        max_length=128,
        help_text="A model name, or a pattern with * such as claude-haiku-5-5*.",
    )
    tariff = models.CharField(
        max_length=64,
        blank=True,
        validators=[
            RegexValidator(
                r"^(?!standard$)[a-z0-9_]+(\+[a-z0-9_]+)*$",
                "Small letters, words joined by +; empty for the listed price.",
            )
        ],
        help_text="Empty: the listed price. Else what the provider reports when it was "
        "not that: batch, fast, priority, flex, us; or several, such as priority+us.",
    )
    valid_from = models.DateField(help_text="First day of this price, in UTC.")
    above_prompt_tokens = models.PositiveIntegerField(
        default=0,
        help_text="The price holds for all tokens of a request whose prompt is longer "
        "than this. 0: the base price.",
    )
    input_usd = models.DecimalField(max_digits=12, decimal_places=6)
    output_usd = models.DecimalField(max_digits=12, decimal_places=6)
    cache_read_usd = models.DecimalField(max_digits=12, decimal_places=6)
    cache_write_5m_usd = models.DecimalField(max_digits=12, decimal_places=6)
    cache_write_1h_usd = models.DecimalField(max_digits=12, decimal_places=6)
    web_search_usd = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="For 1,000 web searches. Empty: unknown.",
    )
    source = models.CharField(
        max_length=200, blank=True, help_text="Where the price was read, and when."
    )

    class Meta:
        ordering: ClassVar = [
            "provider",
            "model",
            "tariff",
            "-valid_from",
            "above_prompt_tokens",
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "provider",
                    "model",
                    "tariff",
                    "valid_from",
                    "above_prompt_tokens",
                ],
                name="price_once",
                violation_error_message="There is a price for this day already.",
            ),
            models.CheckConstraint(
                name="price_not_negative",
                condition=models.Q(
                    input_usd__gte=0,
                    output_usd__gte=0,
                    cache_read_usd__gte=0,
                    cache_write_5m_usd__gte=0,
                    cache_write_1h_usd__gte=0,
                )
                & (
                    models.Q(web_search_usd__isnull=True)
                    | models.Q(web_search_usd__gte=0)
                ),
                violation_error_message="A price is never negative.",
            ),
        ]

    def __str__(self) -> str:
        tariff = f" ({self.tariff})" if self.tariff else ""
        return f"{self.model}{tariff} from {self.valid_from}"

    @property
    def price(self) -> Price:
        """The price in nano-USD per million tokens, exact: six decimals at most."""
        search_usd = self.web_search_usd
        return Price(
            input_nusd=int(self.input_usd * 10**9),
            output_nusd=int(self.output_usd * 10**9),
            cache_read_nusd=int(self.cache_read_usd * 10**9),
            cache_write_5m_nusd=int(self.cache_write_5m_usd * 10**9),
            cache_write_1h_nusd=int(self.cache_write_1h_usd * 10**9),
            web_search_nusd=None if search_usd is None else int(search_usd * 10**6),
        )


class RuleStats(models.Model):
    """What recent decisions of a rule taught, for one pair of models; sums that fade.

    Written by the keeper, with the last decision that is in it: see `metrics.learning`.
    """

    rule = models.CharField(max_length=64)
    draft_model = models.CharField(max_length=128)
    verifier_model = models.CharField(max_length=128)
    simulated = models.BooleanField()
    last_id = models.BigIntegerField(help_text="The last decision it was taught by.")
    as_of = models.DateTimeField(help_text="From then on the sums fade.")
    sums = models.JSONField(default=dict)
    errors = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "draft_model", "verifier_model", "simulated"],
                name="rule_stats_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.draft_model}, {self.verifier_model}"


class JournalFile(models.Model):
    """How far a journal file has been loaded; written with the rows themselves."""

    name = models.CharField(max_length=128, unique=True)
    loaded_bytes = models.BigIntegerField(default=0)
    rejected_lines = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.name
