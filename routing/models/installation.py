"""What holds for the whole installation: one row each."""

from __future__ import annotations

from typing import Self

from django.db import models

from routing.versioning import ConfigModel


class Controls(ConfigModel):
    """One row: the switches that act on every request."""

    cascade_on = models.BooleanField(
        "cascade is on",
        default=True,
        help_text="Off: no draft is asked, the verifier of each rule answers. Acts "
        "within a second on every worker.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "controls"

    def __str__(self) -> str:
        return "the switch"

    @classmethod
    def current(cls) -> Controls:
        """The row; created when there is none."""
        row: Controls = cls.objects.get_or_create(pk=1)[0]
        return row


class Installation(models.Model):
    """One row: what setting up did once and must not do over an operator's edits."""

    defaults_loaded = models.BooleanField(default=False)
    demo_key_made = models.BooleanField(default=False)
    simulator_wanted = models.BooleanField(null=True)
    switched_on = models.JSONField(default=list)

    def __str__(self) -> str:
        return "installation"

    @classmethod
    def current(cls) -> Self:
        """The row; created when there is none."""
        return cls.objects.get_or_create(pk=1)[0]
