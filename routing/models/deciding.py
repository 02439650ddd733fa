"""What a rule says about judging drafts and about learning to judge them."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from routing import validators

PERCENT = [MinValueValidator(0.0), MaxValueValidator(100.0)]


class Deciding(models.Model):
    """The part of a rule that says how its drafts are judged."""

    class Mode(models.TextChoices):
        OBSERVE = "observe", "observe: the verifier answers, drafts are only judged"
        GUARDED = "guarded", "guarded: vetoes and the threshold"
        CERTIFIED = "certified", "certified: the threshold of a certificate"

    class When(models.TextChoices):
        OFF = "off", "never"
        UNCERTAIN = "uncertain", "where it may change the decision"
        ALWAYS = "always", "always"

    class OnLapse(models.TextChoices):
        GUARDED = "guarded", "go on with the rule's own threshold"
        OBSERVE = "observe", "serve no drafts until there is one"

    mode = models.CharField(
        max_length=9,
        choices=Mode.choices,
        default=Mode.GUARDED,
        help_text="Observe costs the drafts and serves none: it shows what the rule "
        "would save, and how good its drafts are, before a client sees one.",
    )
    second_model = models.CharField(
        max_length=128,
        blank=True,
        validators=[validators.model_name],
        help_text="Another cheap model, at least as good as the draft. Its final "
        "answer is compared with the draft's; the client never sees it.",
    )
    second_when = models.CharField(
        "asked",
        max_length=9,
        choices=When.choices,
        default=When.UNCERTAIN,
        help_text="Always: beside the draft, so it costs no time.",
    )
    judge_model = models.CharField(
        max_length=128,
        blank=True,
        validators=[validators.model_name],
        help_text="Reads request and draft and says whether the draft is good. It "
        "also compares answers for labels. Empty: nobody is asked.",
    )
    judge_when = models.CharField(
        "asked",
        max_length=9,
        choices=When.choices,
        default=When.UNCERTAIN,
        help_text="About a draft that no second opinion could be compared with.",
    )
    shadow_percent = models.FloatField(
        "shadow evaluation (%)",
        default=0.0,
        validators=PERCENT,
        help_text="The share of accepted drafts, drawn at random, whose request the "
        "verifier is asked too, after the answer has gone. It tells how good accepted "
        "drafts are, and costs what the verifier costs.",
    )
    shadow_per_day = models.PositiveIntegerField(
        "shadow evaluations a day",
        default=200,
        help_text="At most so many, on all workers together.",
    )
    shadow_quiet_hours = models.CharField(
        max_length=5,
        blank=True,
        validators=[
            RegexValidator(
                r"^([01]?\d|2[0-3])-([01]?\d|2[0-3])$", "Two hours, such as 22-6."
            )
        ],
        help_text="Hours of TIME_ZONE without shadow evaluation, such as 22-6.",
    )
    check_budget_percent = models.FloatField(
        "budget for checking (%)",
        default=25.0,
        validators=PERCENT,
        help_text="Second opinions, judge and shadow evaluation pause while they cost "
        "more than this share of what the rule saved in seven days. A new rule may "
        "spend until it has a hundred labels.",
    )
    max_harm_percent = models.FloatField(
        "promise: worse answers at most (%)",
        default=5.0,
        validators=[MinValueValidator(0.1), MaxValueValidator(50.0)],
        help_text="What a certificate promises: at most this share of accepted drafts "
        "is worse than the verifier's answer.",
    )
    certificate_confidence = models.FloatField(
        "at a confidence of (%)",
        default=95.0,
        validators=[MinValueValidator(50.0), MaxValueValidator(99.9)],
    )
    on_lapse = models.CharField(
        "without a certificate",
        max_length=7,
        choices=OnLapse.choices,
        default=OnLapse.GUARDED,
        help_text="What a certified rule does before it has a certificate, and after "
        "one has lapsed.",
    )

    class Meta:
        abstract = True

    @property
    def second_asked(self) -> str:
        """Return when a second opinion is asked: off without a model."""
        return self.second_when if self.second_model else self.When.OFF

    @property
    def judge_asked(self) -> str:
        """Return when a judge is asked: off without a model."""
        return self.judge_when if self.judge_model else self.When.OFF

    @property
    def asks_anybody(self) -> bool:
        """Return whether others are ever asked about a draft."""
        return {self.second_asked, self.judge_asked} != {self.When.OFF}

    def asks(self, *, paused: bool) -> str:
        """Return whom the rule asks about its drafts, and when; "" for nobody."""
        named = (
            (self.second_model, self.second_asked),
            (self.judge_model, self.judge_asked),
        )
        told = [f"{model} {when}" for model, when in named if when != self.When.OFF]
        return ", ".join(told) + (" (paused)" if told and paused else "")
