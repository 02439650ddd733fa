"""A key of a provider as a row holds it: a reference, or encrypted, never shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.utils import timezone

from metrics import moments
from routing import secrets, validators

# What no history copies.
SECRETS = ("key_encrypted", "key_last4")


class TokenField(models.TextField):  # type: ignore[type-arg]
    """An encrypted key, which no export takes along: to Django's own it is empty."""

    def value_to_string(self, obj: models.Model) -> str:
        """Return what a fixture holds in its place."""
        del obj
        return ""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Return what migrations know it as: its column is one of text."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.TextField", arguments, options


class HeldKey(models.Model):
    """Base of rows with a provider's key."""

    key_reference = models.CharField(
        max_length=200,
        blank=True,
        validators=[validators.key_reference],
        help_text="Where the key is found: env:ANTHROPIC_API_KEY or "
        "file:/run/secrets/anthropic. Empty: the stored key below, if any.",
    )
    key_encrypted = TokenField(blank=True, editable=False)
    key_last4 = models.CharField(
        "key ends in", max_length=4, blank=True, editable=False
    )
    key_set_at = models.DateTimeField("key set", null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def set_key(self, key: str) -> None:
        """Keep `key` encrypted in place of any other; "" forgets it. Does not save."""
        self.key_encrypted = secrets.encrypt(key) if key else ""
        self.key_last4 = key[-4:] if len(key) >= 12 else ""
        self.key_set_at = timezone.now() if key else None

    def key(self) -> str:
        """Return the key in the clear, "" when there is none.

        Raises ConfigurationError when a stored key does not open or a file is missing.
        """
        if self.key_reference:
            return secrets.resolve(self.key_reference)
        return secrets.decrypt(self.key_encrypted) if self.key_encrypted else ""

    def stored_key(self) -> str:
        """Return which key is stored, in words, and never the key."""
        if not self.key_encrypted:
            return "No key is stored."
        end = f" that ends in …{self.key_last4}" if self.key_last4 else ""
        day = moments.day(self.key_set_at) if self.key_set_at else "some day"
        return f"A key{end} was set on {day}."
