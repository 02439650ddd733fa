"""Further keys of a provider: other accounts that share its requests."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from routing import history as histories
from routing.models.held_keys import SECRETS, HeldKey
from routing.models.providers import Provider

MAX_WEIGHT = 1000


class ProviderKey(HeldKey, histories.TrackedModel):
    """A key beside the provider's own; each conversation stays with one of them."""

    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, related_name="further_keys"
    )
    name = models.SlugField(
        max_length=32, help_text="What the log calls it, such as team-b."
    )
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_WEIGHT)],
        help_text="Its share of conversations. The provider's own key counts as 1.",
    )
    enabled = models.BooleanField(default=True)
    history = histories.records(leave_out=SECRETS)

    class Meta:
        ordering: ClassVar = ["provider", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "name"],
                name="key_name_once_per_provider",
                violation_error_message="This provider has a key of that name already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.provider}"
