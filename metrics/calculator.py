"""A month reckoned ahead: what a cascade would cost, save, and need to pay.

The prices, the counting of cached tokens and the break-even are those of decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from metrics.caching import charged
from metrics.pricing import cost_nusd
from metrics.stakes import Learned, PriceOf
from metrics.tokenizers import assumed_ratio
from metrics.types import Usage


class Priced(NamedTuple):
    """A model and the prices of its calls."""

    model: str
    price_of: PriceOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A month of requests that are all alike; tokens as the verifier counts them.

    `cached_share` of each prompt is read from the cache of whichever model is asked.
    `checks_share` is what judging a draft costs, as a share of what the draft does.
    """

    requests: int
    prompt_tokens: int
    output_tokens: int
    cached_share: float
    acceptance: float
    checks_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What comes of it. Of a model whose price is not known, nothing is."""

    draft_nusd: int | None
    check_nusd: int | None
    verifier_nusd: int | None
    baseline_nusd: int | None
    cost_nusd: int | None
    break_even: float | None
    draft_tier: bool
    verifier_tier: bool

    @property
    def saving_nusd(self) -> int | None:
        """Baseline minus cost; negative when the cascade loses."""
        if self.cost_nusd is None or self.baseline_nusd is None:
            return None
        return self.baseline_nusd - self.cost_nusd

    @property
    def saving_share(self) -> float | None:
        """Saving as a share of the baseline; None when either is not known."""
        if self.saving_nusd is None or not self.baseline_nusd:
            return None
        return self.saving_nusd / self.baseline_nusd


def forecast(scenario: Scenario, draft: Priced, verifier: Priced) -> Forecast:
    """Return what the month comes to, in whole nano-dollars of each call.

    The draft is asked every time and the verifier after each draft that is turned down.
    """
    s = scenario
    ratio = assumed_ratio(draft.model, verifier.model)
    drafted, verified = _usage(s, ratio), _usage(s, 1.0)
    draft_nusd = _cost(drafted, draft.price_of)
    verifier_nusd = _cost(verified, verifier.price_of)
    check_nusd = None if draft_nusd is None else round(draft_nusd * s.checks_share)
    cost = break_even = None
    if draft_nusd is not None and check_nusd is not None and verifier_nusd is not None:
        asked_nusd = draft_nusd + check_nusd
        escalated = s.requests - round(s.requests * s.acceptance)
        cost = s.requests * asked_nusd + escalated * verifier_nusd
        known = Learned(draft_nusd=asked_nusd, baseline_nusd=verifier_nusd)
        break_even = known.break_even
    return Forecast(
        draft_nusd=draft_nusd,
        check_nusd=check_nusd,
        verifier_nusd=verifier_nusd,
        baseline_nusd=None if verifier_nusd is None else s.requests * verifier_nusd,
        cost_nusd=cost,
        break_even=break_even,
        draft_tier=_in_a_tier(drafted, draft.price_of),
        verifier_tier=_in_a_tier(verified, verifier.price_of),
    )


def _usage(scenario: Scenario, ratio: float) -> Usage:
    """One request, in the tokens of a model for each of which the verifier has `ratio`.

    The cache is taken to be warm: what lies before the last mark is read.
    """
    prompt = round(scenario.prompt_tokens / ratio)
    cached = round(prompt * scenario.cached_share)
    return charged(
        prompt,
        cacheable=cached,
        held=cached,
        output_tokens=round(scenario.output_tokens / ratio),
    )


def _cost(usage: Usage, price_of: PriceOf) -> int | None:
    price = price_of(usage)
    return None if price is None else cost_nusd(usage, price)


def _in_a_tier(usage: Usage, price_of: PriceOf) -> bool:
    """Whether a prompt this long has other prices than a short one."""
    return price_of(usage) != price_of(Usage())
