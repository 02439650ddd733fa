"""Configuration an operator edits: providers, models, rules and client keys.

Rules are data, never code: names, patterns with `*`, and numbers. Every write moves
the version row, which is how workers learn of it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from routing import secrets, validation, validators
from routing.versioning import ConfigModel, ConfigVersion

__all__ = [
    "CascadeRule",
    "ClientKey",
    "ConfigModel",
    "ConfigVersion",
    "Installation",
    "Provider",
    "UpstreamModel",
]

SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class Provider(ConfigModel):
    """Somebody who runs models behind an HTTP API."""

    class Kind(models.TextChoices):
        ANTHROPIC = "anthropic", "Anthropic Messages API"
        OPENAI = "openai", "OpenAI"
        GROQ = "groq", "Groq"
        OPENAI_COMPATIBLE = "openai_compatible", "OpenAI-compatible server"
        SIMULATOR = "simulator", "Simulator (no real model, no real money)"

    name = models.SlugField(max_length=32, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    base_url = models.CharField(
        max_length=200,
        validators=[validators.base_url],
        help_text="Scheme, host and port, with a path only if the provider's API lives "
        "under one; /v1/messages is added. Changing the host clears the stored key.",
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
    key_reference = models.CharField(
        max_length=200,
        blank=True,
        validators=[validators.key_reference],
        help_text="Where the key is found: env:ANTHROPIC_API_KEY or "
        "file:/run/secrets/anthropic. Empty: the stored key below, if any.",
    )
    key_encrypted = models.TextField(blank=True, editable=False)
    key_last4 = models.CharField(
        "key ends in", max_length=4, blank=True, editable=False
    )
    key_set_at = models.DateTimeField("key set", null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["priority", "name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        """Write the row; a stored key does not follow it to another host."""
        before = type(self).objects.filter(pk=self.pk).first() if self.pk else None
        if before and validation.key_would_move(before, self):
            self.set_key("")
        super().save(*args, **options)

    def clean(self) -> None:
        """Refuse a private host nobody allowed."""
        validation.check_provider(self)

    def set_key(self, key: str) -> None:
        """Keep `key` encrypted in place of any other; "" forgets it. Does not save."""
        self.key_encrypted = secrets.encrypt(key) if key else ""
        self.key_last4 = key[-4:] if len(key) >= 12 else ""
        self.key_set_at = timezone.now() if key else None

    def key(self) -> str:
        """Return the provider's key in the clear, "" when there is none.

        Raises ConfigurationError when a stored key does not open or a file is missing.
        """
        if self.key_reference:
            return secrets.resolve(self.key_reference)
        return secrets.decrypt(self.key_encrypted) if self.key_encrypted else ""


class UpstreamModel(ConfigModel):
    """A model, or a pattern of models, that a provider serves."""

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
        max_length=128, blank=True, help_text="For people; nothing reads it."
    )
    enabled = models.BooleanField(default=True)

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


class CascadeRule(ConfigModel):
    """Which requests try a draft first, and when a draft is good enough."""

    class OnVerifierError(models.TextChoices):
        RELAY = "relay", "relay the verifier's error"
        RETURN_DRAFT = "return_draft", "return the draft if no veto fired"

    class ResponseModel(models.TextChoices):
        REQUESTED = "requested", "the requested model"
        SERVED = "served", "the model that answered"

    name = models.SlugField(max_length=64, unique=True)
    enabled = models.BooleanField(default=True)
    priority = models.IntegerField(
        default=100,
        help_text="Lower numbers are looked at first. Among equals a name wins over a "
        "pattern, then a rule for a key over one for a tag, and that over one for all.",
    )
    request_model = models.CharField(
        max_length=128,
        validators=[validators.model_pattern],
        help_text="The model a client asks for: a name, or a pattern with *.",
    )
    draft_model = models.CharField(
        max_length=128,
        validators=[validators.model_name],
        help_text="The cheap model that is asked first.",
    )
    verifier_model = models.CharField(
        max_length=128,
        blank=True,
        validators=[validators.model_name],
        help_text="Answers when the draft is not good enough. Empty: as requested.",
    )
    threshold = models.FloatField(
        default=0.7,
        validators=SHARE,
        help_text="A draft is accepted when its confidence reaches this, from 0 to 1.",
    )
    prior = models.FloatField(
        default=0.85,
        validators=SHARE,
        help_text="The confidence of a draft that no veto touched: an assumption, not "
        "a measurement. Below the threshold every draft escalates.",
    )
    client_key = models.ForeignKey(
        ClientKey,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        help_text="Only for this key. Empty: for all.",
    )
    tag = models.CharField(
        max_length=64, blank=True, help_text="Only for keys with this tag. Empty: all."
    )
    draft_timeout_s = models.FloatField(
        "draft timeout (s)",
        default=60.0,
        validators=[MinValueValidator(0.1), MaxValueValidator(600.0)],
        help_text="Seconds a draft may take, to its last byte, before we escalate.",
    )
    on_verifier_error = models.CharField(
        max_length=12,
        choices=OnVerifierError.choices,
        default=OnVerifierError.RELAY,
        help_text="What a client gets when the verifier fails after a rejected draft.",
    )
    response_model = models.CharField(
        max_length=9,
        choices=ResponseModel.choices,
        default=ResponseModel.REQUESTED,
        help_text="The name in the answer's model field. Cost tools that price by it "
        "need the model that answered.",
    )
    notes = models.TextField(blank=True, help_text="For people; nothing reads it.")

    class Meta:
        ordering: ClassVar = ["priority", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="rule_shares_in_range",
                condition=Q(threshold__gte=0, threshold__lte=1)
                & Q(prior__gte=0, prior__lte=1),
                violation_error_message="Threshold and prior lie between 0 and 1.",
            ),
            models.CheckConstraint(
                name="rule_draft_timeout_in_range",
                condition=Q(draft_timeout_s__gt=0, draft_timeout_s__lte=600),
                violation_error_message="The draft timeout lies between 0 and 600 s.",
            ),
            models.CheckConstraint(
                name="rule_draft_is_named",
                condition=~Q(draft_model="") & ~Q(draft_model__contains="*"),
                violation_error_message="The draft is one model: a name without *.",
            ),
            models.CheckConstraint(
                name="rule_draft_is_not_verifier",
                condition=~Q(draft_model=F("verifier_model")),
                violation_error_message="Draft and verifier are the same model.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a rule that could not do what it says, and say what to change."""
        validation.check_rule(self)


class Installation(models.Model):
    """One row: what setting up did once and must not do over an operator's edits."""

    defaults_loaded = models.BooleanField(default=False)
    demo_key_made = models.BooleanField(default=False)
    simulator_wanted = models.BooleanField(null=True)

    def __str__(self) -> str:
        return "installation"

    @classmethod
    def current(cls) -> Self:
        """The row; created when there is none."""
        return cls.objects.get_or_create(pk=1)[0]
