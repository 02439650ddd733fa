"""Keys of programs that read the reports."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self, get_args

from django.db import models
from django.utils import timezone

from metrics import keys

REPORT_KEY_START = "cp_report_"
Scope = Literal["summary", "decisions", "statements"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


class ReportKey(models.Model):
    """A key that reads `/api/reports/` and nothing else. Only a digest of it is kept.

    It may read what its scopes name; a new one has none.
    """

    name = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(
        max_length=20, editable=False, help_text="How the key begins, to recognise it."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    summary = models.BooleanField(
        default=False, help_text="May read sums: /api/reports/summary."
    )
    decisions = models.BooleanField(
        default=False, help_text="May read each decision: /api/reports/decisions."
    )
    statements = models.BooleanField(
        default=False, help_text="May read months: /api/reports/statements/2026-11."
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="The key stops working at this moment (UTC)."
    )
    revoked = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(cls, name: str, **fields: Any) -> tuple[Self, str]:
        """Create a key; the row and the key itself, which is never shown again.

        Raises ValidationError for a name that there is already.
        """
        row = cls(name=name, **fields)
        key = row.set_new_key()
        row.full_clean()
        row.save()
        return row, key

    def set_new_key(self) -> str:
        """Make a key, keep its digest and how it begins; return it. Does not save."""
        key = keys.new_key(REPORT_KEY_START)
        self.digest = keys.digest(key)
        self.prefix = keys.prefix(key, REPORT_KEY_START)
        return key

    @property
    def works(self) -> bool:
        """Whether it is neither revoked nor expired."""
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return not self.revoked and not expired

    def may(self, scope: Scope) -> bool:
        """Whether its scopes name `scope`."""
        return bool(getattr(self, scope))
