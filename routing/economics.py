"""Is a draft worth asking? The expected-cost gate. Pure: prices and memory are given.

Two ways through the next turns of a conversation are compared. One asks drafts until
one is turned down and goes on with the verifier; the other asks the verifier at once.
Both pay what their caches hold or no longer hold. `docs/savings.md` tells it in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from metrics.caching import LONG_TTL_S, TTL_S, Cached, Caches, charged
from metrics.pricing import cost_nusd
from metrics.stakes import USUAL_OUTPUT_TOKENS, PriceOf, Stakes
from routing.conversation import turn_of
from routing.prompt_size import estimated_prompt_tokens
from routing.types import CascadePlan, ChatRequest, Recalled

# How many turns are looked at: what a draft writes to its cache pays off on the turns
# after it, and what the verifier's cache loses is missed on them. Four and six do about
# as well: `make bench-economics`.
TURNS_AHEAD = 5
# One of so many turns of a paused rule is drafted all the same.
EXPLORED_ONE_IN = 50

_LONG = re.compile(rb'"ttl"\s*:\s*"1h"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What is expected of a request, each count in the tokens of its model.

    `cached_share` of the prompt lies before its last cache mark. `gap_s` is the time
    between turns of this conversation; None when this is its first.
    """

    draft_prompt_tokens: int
    verifier_prompt_tokens: int
    draft_output_tokens: int
    verifier_output_tokens: int
    cached_share: float = 0.0
    ttl_s: float = TTL_S
    gap_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the turns ahead are expected to cost, begun with a draft or without."""

    with_draft_nusd: float
    without_nusd: float

    @property
    def worth_it(self) -> bool:
        """Whether asking the draft costs no more."""
        return self.with_draft_nusd <= self.without_nusd


def reason_against_cost(
    request: ChatRequest, plan: CascadePlan, recalled: Recalled
) -> str | None:
    """Return `paused` or `economics` when a draft is not worth its money; else None.

    What has no known price is not weighed. Cost: one pass over the body for cache
    marks, one more for a rule that is paused.
    """
    stakes = plan.stakes
    if plan.rule is None or not stakes.gated:
        return None
    if stakes.learned.paused and not _explored(request):
        return "paused"
    prospect = prospect_of(
        estimated_prompt_tokens(request),
        marked=caches_prompt(request),
        long=asks_for_long(request),
        stakes=stakes,
        caches=recalled.caches,
    )
    acceptance = stakes.learned.expected_acceptance(plan.rule.prior)
    expected = expected_costs(
        prospect, acceptance=acceptance, stakes=stakes, caches=recalled.caches
    )
    return None if expected is None or expected.worth_it else "economics"


def caches_prompt(request: ChatRequest) -> bool:
    """Return whether the client marks anything for prompt caches."""
    return b'"cache_control"' in request.body


def asks_for_long(request: ChatRequest) -> bool:
    """Return whether any cache mark is for an hour."""
    return b'"ttl"' in request.body and bool(_LONG.search(request.body))


def prospect_of(
    estimated_tokens: int, *, marked: bool, long: bool, stakes: Stakes, caches: Caches
) -> Prospect:
    """Return what to expect of a prompt estimated at so many tokens.

    Earlier turns of the conversation tell how far such estimates are off.
    """
    ratio = stakes.token_ratio
    if caches.draft is not None:
        draft_prompt = estimated_tokens * _scale(caches.draft)
    elif caches.alone is not None:
        draft_prompt = estimated_tokens * _scale(caches.alone) / ratio
    else:
        draft_prompt = float(estimated_tokens)
    output = stakes.learned.draft_output_tokens or USUAL_OUTPUT_TOKENS
    alone = caches.alone
    return Prospect(
        draft_prompt_tokens=round(draft_prompt),
        verifier_prompt_tokens=round(draft_prompt * ratio),
        draft_output_tokens=round(output),
        verifier_output_tokens=round(output * stakes.output_ratio),
        cached_share=_share(alone) if marked else 0.0,
        ttl_s=LONG_TTL_S if long else TTL_S,
        gap_s=_gap_s(caches),
    )


def expected_costs(
    prospect: Prospect, *, acceptance: float, stakes: Stakes, caches: Caches
) -> Expected | None:
    """Return what both ways are expected to cost; None without a known price.

    A first turn is weighed alone: nothing says that others follow.
    """
    draft = _Model.draft(prospect, stakes, caches)
    verifier = _Model.verifier(prospect, stakes, caches)
    if draft is None or verifier is None:
        return None
    turns = 1 if prospect.gap_s is None else TURNS_AHEAD
    gap_s = prospect.gap_s or 0.0
    return Expected(
        with_draft_nusd=_drafting(draft, verifier, acceptance, turns, gap_s),
        without_nusd=verifier.run_nusd(0.0, turns, gap_s),
    )


def _drafting(
    draft: _Model, verifier: _Model, acceptance: float, turns: int, gap_s: float
) -> float:
    """What drafts cost until one is turned down, and the verifier from then on.

    When none is, the verifier's cache may have gone cold meanwhile: it will be missed.
    """
    total, reached = 0.0, 1.0
    for turn in range(turns):
        later_s = turn * gap_s
        asked = draft.run_nusd(0.0, 1, gap_s) if turn == 0 else draft.next_nusd(gap_s)
        rest = verifier.run_nusd(later_s, turns - turn, gap_s)
        total += reached * (asked + (1 - acceptance) * rest)
        reached *= acceptance
    lost = verifier.nusd_after(turns * gap_s) - verifier.next_nusd(gap_s)
    return total + reached * (1 - acceptance) * max(0.0, lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """What one call costs, by how long ago the model's cache was last used.

    `left_s` is how long it still holds what it holds now.
    """

    now_nusd: int
    warm_nusd: int
    cold_nusd: int
    left_s: float
    ttl_s: float

    @classmethod
    def draft(cls, prospect: Prospect, stakes: Stakes, caches: Caches) -> _Model | None:
        return cls._of(
            prospect,
            (prospect.draft_prompt_tokens, prospect.draft_output_tokens),
            stakes.draft_price,
            (caches.draft, caches.now),
        )

    @classmethod
    def verifier(
        cls, prospect: Prospect, stakes: Stakes, caches: Caches
    ) -> _Model | None:
        return cls._of(
            prospect,
            (prospect.verifier_prompt_tokens, prospect.verifier_output_tokens),
            stakes.verifier_price,
            (caches.verifier, caches.now),
        )

    @classmethod
    def _of(
        cls,
        prospect: Prospect,
        tokens: tuple[int, int],
        price_of: PriceOf,
        cache: tuple[Cached | None, float],
    ) -> _Model | None:
        (prompt, output), (cached, now) = tokens, cache
        held = cached.held(now) if cached else 0
        cacheable = round(prompt * prospect.cached_share)
        costs = []
        for there in (held, cacheable, 0):
            long = cacheable if prospect.ttl_s > TTL_S else 0
            usage = charged(
                prompt,
                cacheable=cacheable,
                held=there,
                output_tokens=output,
                long_tokens=long,
            )
            price = price_of(usage)
            cost = cost_nusd(usage, price) if price else None
            if cost is None:
                return None
            costs.append(cost)
        left_s = cached.at + cached.ttl_s - now if cached and held else 0.0
        return cls(
            now_nusd=costs[0],
            warm_nusd=costs[1],
            cold_nusd=costs[2],
            left_s=left_s,
            ttl_s=prospect.ttl_s,
        )

    def nusd_after(self, later_s: float) -> int:
        """What a call costs `later_s` from now, not asked meanwhile."""
        return self.now_nusd if later_s < self.left_s else self.cold_nusd

    def next_nusd(self, gap_s: float) -> int:
        """What a call costs `gap_s` after one before it."""
        return self.warm_nusd if gap_s < self.ttl_s else self.cold_nusd

    def run_nusd(self, later_s: float, turns: int, gap_s: float) -> float:
        """What so many calls in a row cost, the first of them `later_s` from now."""
        return self.nusd_after(later_s) + (turns - 1) * self.next_nusd(gap_s)


def _explored(request: ChatRequest) -> bool:
    """Whether a paused rule drafts this turn: its digest is as good as chance."""
    return int.from_bytes(turn_of(request)[:4]) % EXPLORED_ONE_IN == 0


def _gap_s(caches: Caches) -> float | None:
    """The time between turns to expect: the shorter of the last two.

    A person's pause stands before the quick steps of a tool loop, and after them.
    """
    last = caches.gap_s
    if last is None or caches.alone is None or caches.alone.gap_s is None:
        return last
    return min(last, caches.alone.gap_s)


def _scale(cached: Cached) -> float:
    """How many tokens a model counted for each that had been estimated."""
    return cached.prompt_tokens / max(1, cached.estimated_tokens)


def _share(cached: Cached | None) -> float:
    if cached is None or not cached.prompt_tokens:
        return 1.0
    return min(1.0, cached.tokens / cached.prompt_tokens)
