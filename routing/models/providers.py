"""Who runs models, which models those are, and what is known of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models, transaction

from routing import history as histories
from routing import validation, validators
from routing.models.held_keys import SECRETS, HeldKey
from routing.providers import ADAPTERS


def kinds() -> list[tuple[str, str]]:
    """Return the kinds of API that are spoken, each with what people call it."""
    return [(kind, adapter.label) for kind, adapter in ADAPTERS.items()]


class Provider(HeldKey, histories.TrackedModel):
    """Somebody who runs models behind an HTTP API."""

    class Kind(models.TextChoices):
        """The kinds that something here is special about; `kinds` are all."""

        ANTHROPIC = "anthropic"
        SIMULATOR = "simulator"

    name = models.SlugField(max_length=32, unique=True)
    kind = models.CharField(max_length=20, choices=kinds)
    base_url = models.CharField(
        max_length=200,
        validators=[validators.base_url],
        help_text="Scheme, host and port, with a path only if the provider's API lives "
        "under one; /v1/messages or /v1/chat/completions is added. Changing the host "
        "clears the stored key.",
    )
    enabled = models.BooleanField(default=True)
    priority = models.IntegerField(
        default=100,
        help_text="Of two providers that claim a model equally well, the lower wins.",
    )
    private_allowed = models.BooleanField(
        "private host allowed",
        default=False,
        help_text="Whether the host may lie in a private network, such as a model "
        "server of your own. This machine is always allowed.",
    )
    takes_client_credentials = models.BooleanField(
        default=False,
        help_text="In auth mode pass_through the clients' own credentials are sent to "
        "this provider. A model of any other cannot be asked for in that mode.",
    )
    quirks = models.JSONField(
        default=dict,
        blank=True,
        help_text="How a server of the OpenAI shape differs from the others of its "
        'kind, such as {"stream_usage": false}. What is left out is as usual for the '
        "kind.",
    )
    history = histories.records(leave_out=SECRETS)

    class Meta:
        ordering: ClassVar = ["priority", "name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        """Write the row; stored keys do not follow it to another host."""
        before = type(self).objects.filter(pk=self.pk).first() if self.pk else None
        moves = before is not None and validation.moves(before, self)
        if before and moves and self.key_encrypted == before.key_encrypted:
            self.set_key("")
        with transaction.atomic():
            super().save(*args, **options)
            for further in self.further_keys.all() if moves else ():
                further.set_key("")
                further.save()

    def clean(self) -> None:
        """Refuse a private host nobody allowed, and quirks nothing would read."""
        if self.quirks is None:
            self.quirks = {}
        validation.check_provider(self)


class UpstreamModel(histories.TrackedModel):
    """A model, or a pattern of models, that a provider serves."""

    class Lifecycle(models.TextChoices):
        ACTIVE = "active", "active"
        DEPRECATED = "deprecated", "deprecated"
        RETIRED = "retired", "retired"

    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, related_name="models"
    )
    name = models.CharField(
        max_length=128,
        validators=[validators.model_pattern],
        help_text="A model name, or a pattern with * such as claude*. The most "
        "specific match decides which provider owns a model; * alone takes what is "
        "left.",
    )
    display_name = models.CharField(
        max_length=128,
        blank=True,
        help_text="What clients see in the list of models. Empty: the name.",
    )
    enabled = models.BooleanField(
        default=True,
        help_text="Whether requests for it go to this provider. What is known of the "
        "model is used either way.",
    )
    max_input_tokens = models.PositiveIntegerField(
        null=True, blank=True, help_text="The longest prompt it takes. Empty: unknown."
    )
    max_output_tokens = models.PositiveIntegerField(
        null=True, blank=True, help_text="The largest max_tokens. Empty: unknown."
    )
    capabilities = models.JSONField(
        default=dict,
        blank=True,
        help_text="What it can do, as the provider's list of models says it. What is "
        "left out is not known.",
    )
    parameter_rules = models.JSONField(
        default=dict,
        blank=True,
        help_text="What no list of models says, each true or false: sampling, "
        "forced_tool_choice, prefill.",
    )
    lifecycle = models.CharField(max_length=10, blank=True, choices=Lifecycle.choices)
    released_at = models.DateTimeField(null=True, blank=True)
    deprecated_at = models.DateTimeField(null=True, blank=True)
    retires_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField("synced", null=True, blank=True, editable=False)
    history = histories.records()

    class Meta:
        ordering: ClassVar = ["provider", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "name"],
                name="model_once_per_provider",
                violation_error_message="This provider has that model already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} @ {self.provider}"

    @property
    def has_facts(self) -> bool:
        """Whether a provider or an operator said what the model can take."""
        said = (self.capabilities, self.parameter_rules, self.synced_at)
        limits = (self.max_input_tokens, self.max_output_tokens)
        return any(said) or any(limit is not None for limit in limits)

    def clean(self) -> None:
        """Refuse JSON that nothing would read; an emptied field says nothing."""
        for name in ("capabilities", "parameter_rules"):
            if getattr(self, name) is None:
                setattr(self, name, {})
        validation.check_model(self)
