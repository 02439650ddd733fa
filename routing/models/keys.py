"""Keys of clients."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from routing import history as histories
from routing import secrets, validators

# What makes the key itself: no history copies it, and no way back leads to it.
SECRETS = (
    "prefix",
    "digest",
    "previous_prefix",
    "previous_digest",
    "previous_until",
)
DEFAULT = "Empty: the default of the settings. 0: no limit."


def _limit(help_text: str) -> Any:
    return models.PositiveBigIntegerField(
        null=True, blank=True, help_text=f"{help_text} {DEFAULT}"
    )


def _budget(name: str, help_text: str) -> Any:
    return models.DecimalField(
        name,
        null=True,
        blank=True,
        max_digits=12,
        decimal_places=4,
        validators=[MinValueValidator(0)],
        help_text=f"{help_text} {DEFAULT}",
    )


class ClientKey(histories.TrackedModel):
    """A key a client calls us with. Only a digest of it is kept."""

    name = models.CharField(max_length=64, unique=True)
    owner = models.CharField(
        max_length=128, blank=True, help_text="Who answers for it: a person or a team."
    )
    prefix = models.CharField(
        max_length=16, editable=False, help_text="How the key begins, to recognise it."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    previous_prefix = models.CharField(max_length=16, blank=True, editable=False)
    previous_digest = models.CharField(max_length=64, blank=True, editable=False)
    previous_until = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Until then the key it replaced works as well.",
    )
    tag = models.CharField(
        max_length=64, blank=True, help_text="Groups keys in rules and reports."
    )
    enabled = models.BooleanField(default=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="The key stops working at this moment (UTC)."
    )
    allowed_models = models.TextField(
        blank=True,
        validators=[validators.model_patterns],
        help_text="Models it may ask for: a name or a pattern with * on each line. "
        "Empty: all.",
    )
    allowed_rules = models.TextField(
        blank=True,
        validators=[validators.name_patterns],
        help_text="Rules its requests may be answered under: a name or a pattern with "
        "* on each line. What none of them applies to is refused. Empty: all, and "
        "requests without a rule.",
    )
    may_force = models.BooleanField(
        default=False,
        help_text="Whether its requests may choose who answers, with the header "
        "x-cascade: off, draft or verifier.",
    )
    account_access = models.BooleanField(
        default=False,
        help_text="Whether it may use batches, files and whatever else the provider "
        "offers under /v1/. These reach the whole account, other keys' data too. They "
        "count as requests and stop when a budget is spent, but what they cost is in "
        "no budget.",
    )
    requests_per_minute = _limit("Messages that may begin in any 60 seconds.")
    tokens_per_minute = _limit(
        "Tokens read and written in any 60 seconds, without those read from a cache."
    )
    concurrent_requests = _limit("Messages that may run at once.")
    usd_per_day = _budget(
        "USD per day", "US dollars it may spend in a day of TIME_ZONE."
    )
    usd_per_month = _budget(
        "USD per month", "US dollars it may spend in a month of TIME_ZONE."
    )
    max_tokens = _limit("The highest max_tokens a request may ask for.")
    max_body_bytes = _limit("The largest request.")
    session_requests = _limit(
        "Messages of one agent session, its subagents included, in any 5 minutes; more "
        "look like a loop."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    history = histories.records(leave_out=SECRETS)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(cls, name: str, **fields: Any) -> tuple[Self, str]:
        """Create a key; the row and the key itself, which is never shown again."""
        key = secrets.new_client_key()
        row = cls(name=name, **fields)
        row.set_key(key)
        row.save()
        return row, key

    def set_key(self, key: str) -> None:
        """Keep the digest of `key` and how it begins. Does not save."""
        self.digest = secrets.client_key_digest(key)
        self.prefix = secrets.client_key_prefix(key)

    def rotate(self, *, overlap: timedelta) -> str:
        """Return a new key for this row; the old one works for `overlap` more. Saves.

        A key that an earlier rotation left working stops at once.
        """
        self.previous_digest, self.previous_prefix = self.digest, self.prefix
        self.previous_until = timezone.now() + overlap
        if not overlap:
            self.forget_previous()
        key = secrets.new_client_key()
        self.set_key(key)
        histories.because(self, "rotated")
        self.save()
        return key

    def forget_previous(self) -> None:
        """Let the key that this one replaced stop working. Does not save."""
        self.previous_digest = self.previous_prefix = ""
        self.previous_until = None

    @property
    def previous_works(self) -> bool:
        """Whether the key this one replaced still works, as far as this row says."""
        until = self.previous_until
        return bool(self.previous_digest and until and until > timezone.now())


class LimitTable(models.Model):
    """What is counted for keys where hosts share PostgreSQL and no Redis.

    Written by `routing.limits.postgres` over connections of its own.
    """

    key = models.CharField(max_length=128, primary_key=True)
    value = models.BinaryField()
    expires_at = models.FloatField(db_index=True, help_text="Seconds since 1970.")

    def __str__(self) -> str:
        return self.key
