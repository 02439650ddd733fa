"""Rules: which requests try a draft, and when it is good enough."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from routing import history as histories
from routing import validation, validators
from routing.models.deciding import PERCENT, Deciding
from routing.models.keys import ClientKey

SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


def _percent(name: str, field: str, words: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(**{f"{field}__gte": 0, f"{field}__lte": 100}),
        violation_error_message=f"The {words} lies between 0 and 100 %.",
    )


class CascadeRule(Deciding, histories.TrackedModel):
    """Which requests try a draft first, and when a draft is good enough."""

    class Tools(models.TextChoices):
        ANY = "any", "with tools or without"
        WITH = "with", "only with tools"
        WITHOUT = "without", "only without tools"

    class Streaming(models.TextChoices):
        ANY = "any", "streamed or whole"
        STREAMED = "streamed", "only streamed"
        WHOLE = "whole", "only whole"

    class Subagents(models.TextChoices):
        ANY = "any", "main threads and subagents"
        ONLY = "only", "only subagents"
        NEVER = "never", "no subagents"

    class Latency(models.TextChoices):
        SAVE = "save", "save: one model after the other"
        BALANCED = "balanced", "balanced: both at once where that is likely to help"

    class OnVerifierError(models.TextChoices):
        RELAY = "relay", "relay the verifier's error"
        RETURN_DRAFT = "return_draft", "return the draft if no veto fired"

    class ResponseModel(models.TextChoices):
        REQUESTED = "requested", "the requested model"
        SERVED = "served", "the model that answered"

    class StoreText(models.TextChoices):
        NONE = "none", "none"
        SAMPLED = "sampled", "of a share of decisions, drawn at random"
        ALL = "all", "of every decision"

    name = models.SlugField(max_length=64, unique=True)
    enabled = models.BooleanField(default=True)
    priority = models.IntegerField(
        default=100,
        help_text="Lower numbers are looked at first. Among equals a name wins over a "
        "pattern, then a rule for a key over one for a tag, and that over one for all, "
        "then one with conditions over one without.",
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
    tools = models.CharField(max_length=7, choices=Tools.choices, default=Tools.ANY)
    streaming = models.CharField(
        max_length=8, choices=Streaming.choices, default=Streaming.ANY
    )
    subagents = models.CharField(
        max_length=5,
        choices=Subagents.choices,
        default=Subagents.ANY,
        help_text="A subagent of Claude Code says so in x-claude-code-agent-id.",
    )
    min_prompt_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Only for prompts estimated this long or longer. Empty: any.",
    )
    max_prompt_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Only for prompts estimated this long or shorter. Empty: any.",
    )
    headers = models.TextField(
        blank=True,
        validators=[validators.header_patterns],
        help_text="One header: pattern on each line, such as x-app: cli*. All must "
        "match. Headers that carry keys cannot be matched.",
    )
    rollout_percent = models.FloatField(
        default=100.0,
        validators=PERCENT,
        help_text="The share of conversations the rule is for. A conversation stays "
        "on its side. 0 switches the rule off for everybody.",
    )
    clamp_max_tokens = models.BooleanField(
        default=False,
        help_text="Ask the draft for as much as it can give when the client allows "
        "more. Off: such requests go to the verifier.",
    )
    economics = models.BooleanField(
        "only where it pays",
        default=True,
        help_text="Leave out a draft that is expected to cost more than it saves, and "
        "pause while too few are accepted. Off: draft whatever may be drafted.",
    )
    fallback_model = models.CharField(
        max_length=128,
        blank=True,
        validators=[validators.model_name],
        help_text="Answers when the verifier cannot be reached, is too slow to begin, "
        "or answers with a 5xx or 529. Empty: the error goes to the client.",
    )
    draft_timeout_s = models.FloatField(
        "draft timeout (s)",
        default=60.0,
        validators=[MinValueValidator(0.1), MaxValueValidator(600.0)],
        help_text="Seconds a draft may take, to its last byte, before we escalate.",
    )
    latency = models.CharField(
        max_length=8,
        choices=Latency.choices,
        default=Latency.SAVE,
        help_text="Balanced: the verifier is asked beside a draft that is slow or, by "
        "what became of others lately, more likely to be turned down. Clients wait "
        "less, and where the draft is accepted after all both are paid.",
    )
    slow_draft_s = models.FloatField(
        "slow draft (s)",
        default=3.0,
        validators=[MinValueValidator(0.1), MaxValueValidator(600.0)],
        help_text="Where latency is balanced: seconds after which a draft that is not "
        "decided yet is slow.",
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
    store_text = models.CharField(
        "keep text",
        max_length=7,
        choices=StoreText.choices,
        default=StoreText.NONE,
        help_text="Whether the text of prompts and of both answers is kept, for people "
        "to read on the decision's page. It is kept for CASCADE_TEXT_RETENTION_DAYS "
        "and shown only to who may view kept text; every look is written down.",
    )
    store_text_percent = models.FloatField(
        "share whose text is kept (%)",
        default=5.0,
        validators=PERCENT,
        help_text="Only where a share is kept: each decision is drawn with this "
        "chance, whatever came of it.",
    )
    notes = models.TextField(blank=True, help_text="For people; nothing reads it.")
    history = histories.records()

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
                name="rule_slow_draft_in_range",
                condition=Q(slow_draft_s__gt=0, slow_draft_s__lte=600),
                violation_error_message="A slow draft takes from 0 to 600 s.",
            ),
            _percent("rule_rollout_in_range", "rollout_percent", "rollout"),
            _percent("rule_text_share_in_range", "store_text_percent", "share of text"),
            _percent("rule_shadow_in_range", "shadow_percent", "shadow share"),
            models.CheckConstraint(
                name="rule_second_is_another",
                condition=Q(second_model="")
                | Q(second_when="off")
                | ~Q(second_model=F("draft_model")),
                violation_error_message="A second opinion is another model's.",
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

    @property
    def text_share(self) -> float:
        """The share of decisions whose text is kept, from 0 to 1."""
        shares = {self.StoreText.ALL: 1.0, self.StoreText.NONE: 0.0}
        sampled = self.store_text_percent / 100
        return shares.get(self.StoreText(self.store_text), sampled)

    def clean(self) -> None:
        """Refuse a rule that could not do what it says, and say what to change."""
        validation.check_rule(self)
