"""What is known of a rule's money: prices, and what its past decisions taught.

Values only; `metrics.learning` makes them, `routing.economics` weighs them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from metrics.types import Price, Usage

# Counts of decisions fade, so they are rarely whole. Below these a ratio is noise.
MIN_PROMPT_PAIRS = 5
MIN_OUTPUT_PAIRS = 20
MIN_OUTCOMES_TO_PAUSE = 30
MIN_ERRORS = 5
# So many decisions weigh as much as the rule's prior.
PRIOR_WEIGHT = 20
# One-sided 90 %: a rule is paused when its acceptance is this surely under break-even.
Z_90 = 1.2816
USUAL_OUTPUT_TOKENS = 500


class RuleKey(NamedTuple):
    """What is learned together: a rule's decisions about one pair of models.

    Play money teaches nothing about real money.
    """

    rule: str
    draft_model: str
    verifier_model: str
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What recent decisions of a rule taught; counts and sums fade with their age.

    `draft_nusd` and `baseline_nusd` are sums over the same decisions. `output_ratio`
    and `token_ratio` are the verifier's tokens for each of the draft's, in answers and
    in prompts; `error` is the median relative error of the baseline's estimate where
    the truth is known. None: too few to tell.
    """

    accepted: float = 0.0
    escalated: float = 0.0
    draft_output_tokens: float | None = None
    draft_nusd: float = 0.0
    baseline_nusd: float = 0.0
    output_ratio: float | None = None
    token_ratio: float | None = None
    error: float | None = None
    error_samples: int = 0

    @property
    def outcomes(self) -> float:
        """How many drafts were judged, the recent ones counting most."""
        return self.accepted + self.escalated

    @property
    def acceptance(self) -> float | None:
        """The share of drafts that were accepted; None without any."""
        return self.accepted / self.outcomes if self.outcomes else None

    @property
    def break_even(self) -> float | None:
        """The acceptance below which drafts cost more than they save; None: unknown.

        That is what drafts cost, as a share of what the verifier alone would have.
        """
        return self.draft_nusd / self.baseline_nusd if self.baseline_nusd else None

    @property
    def paused(self) -> bool:
        """Whether acceptance is under break-even beyond reasonable doubt.

        Decisions fade, and doubt comes back with it: then drafts are asked again.
        """
        if self.outcomes < MIN_OUTCOMES_TO_PAUSE or self.break_even is None:
            return False
        return self.upper_acceptance < self.break_even

    @property
    def upper_acceptance(self) -> float:
        """The acceptance that the true one is not above, with 90 % confidence.

        Source: Wilson (1927), the score interval.
        """
        n, z2 = self.outcomes, Z_90 * Z_90
        if not n:
            return 1.0
        share = self.accepted / n
        spread = Z_90 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
        return (share + z2 / (2 * n) + spread) / (1 + z2 / n)

    def expected_acceptance(self, prior: float) -> float:
        """Return the probability that the next draft is accepted, drawn to `prior`."""
        weight = self.outcomes + PRIOR_WEIGHT
        return (self.accepted + PRIOR_WEIGHT * prior) / weight


NOTHING_LEARNED = Learned()


class PriceOf(Protocol):
    """Tells the price in force for what a model was, or would be, used for."""

    def __call__(self, usage: Usage, /) -> Price | None:
        """Return the price of this tariff and prompt; None when nobody knows it."""


def _unknown_price(usage: Usage, /) -> Price | None:
    del usage
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """What a draft can win or lose: the prices of both models, and what was learned.

    `token_ratio` and `output_ratio` are as learned, or as assumed until then. `gated`:
    whether a draft that is not worth its money is left out.
    """

    draft_price: PriceOf = field(default=_unknown_price)
    verifier_price: PriceOf = field(default=_unknown_price)
    token_ratio: float = 1.0
    output_ratio: float = 1.0
    learned: Learned = NOTHING_LEARNED
    gated: bool = True


NO_STAKES = Stakes()
LearnedByRule = Mapping[RuleKey, Learned]


def paused_rules(learned: LearnedByRule) -> list[str]:
    """Return the names of rules that are paused for one pair of models at least."""
    return sorted({key.rule for key, known in learned.items() if known.paused})


def mostly(learned: LearnedByRule, rule: str) -> Learned:
    """Return what is known of the pair of models that `rule` drafted most of late."""
    pairs = [known for key, known in learned.items() if key.rule == rule]
    return max(pairs, key=lambda known: known.outcomes, default=NOTHING_LEARNED)


def pause_in_words(key: RuleKey, known: Learned) -> str:
    """Return why a rule is paused, for people."""
    return (
        f"The rule {key.rule} is paused: {_percent(known.acceptance)} of the drafts of "
        f"{key.draft_model} are accepted, and below {_percent(known.break_even)} they "
        f"cost more than {key.verifier_model} alone."
    )


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share * 100:.1f} %"
