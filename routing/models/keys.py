"""Keys of clients."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone

from routing import secrets
from routing.versioning import ConfigModel


class ClientKey(ConfigModel):
    """A key a client calls us with. Only a digest of it is kept."""

    name = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(
        max_length=16, editable=False, help_text="How the key begins, to recognise it."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    tag = models.CharField(
        max_length=64, blank=True, help_text="Groups keys in rules and reports."
    )
    enabled = models.BooleanField(default=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="The key stops working at this moment (UTC)."
    )
    may_force = models.BooleanField(
        default=False,
        help_text="Whether its requests may choose who answers, with the header "
        "x-cascade: off, draft or verifier.",
    )
    account_access = models.BooleanField(
        default=False,
        help_text="Whether it may use batches, files and whatever else the provider "
        "offers under /v1/. These reach the whole account, other keys' data too.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

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
