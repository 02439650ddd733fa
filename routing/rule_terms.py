"""What a rule says about deciding, copied from its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ResponseModel = Literal["requested", "served"]
Latency = Literal["save", "balanced"]
OnVerifierError = Literal["relay", "return_draft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowTerms:
    """A share of accepted drafts, at most `per_day`, and not in the quiet hours.

    `share` lies in [0, 1]; `quiet` are two hours from 0 to 23, the second one no longer
    quiet, None without any.
    """

    share: float = 0.0
    per_day: int = 0
    quiet: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.per_day < 0:
            raise ValueError("a share lies between 0 and 1, a number is not negative")

    def quiet_at(self, hour: int) -> bool:
        """Return whether nothing is evaluated in this hour of the day."""
        if self.quiet is None:
            return False
        begins, ends = self.quiet
        if begins <= ends:
            return begins <= hour < ends
        return hour >= begins or hour < ends


NO_SHADOW = ShadowTerms()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTerms:
    """What a rule says about deciding, copied from its row.

    `prior` is the confidence of a draft no veto touched, a stated assumption until
    labels exist; `text_share` is of decisions whose text is kept. All lie in [0, 1].
    With `latency` balanced the verifier is asked beside a draft that takes longer than
    `slow_draft_s`.
    """

    name: str
    threshold: float
    prior: float
    draft_timeout_s: float
    latency: Latency = "save"
    slow_draft_s: float = 3.0
    on_verifier_error: OnVerifierError = "relay"
    response_model: ResponseModel = "requested"
    clamp_max_tokens: bool = False
    text_share: float = 0.0
    shadow: ShadowTerms = NO_SHADOW

    def __post_init__(self) -> None:
        if not all(0 <= n <= 1 for n in (self.threshold, self.prior, self.text_share)):
            raise ValueError("threshold, prior and text_share lie between 0 and 1")
        if self.draft_timeout_s <= 0 or self.slow_draft_s <= 0:
            raise ValueError("times are positive")
