"""What the verifier alone would have cost: the figure savings are measured against.

`docs/savings.md` says how each case is reckoned and how far it can be trusted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from metrics.caching import (
    Caches,
    cacheable_tokens,
    charged,
    is_other_prompt,
    warmed,
)
from metrics.pricing import cost_nusd
from metrics.stakes import PriceOf, Stakes
from metrics.types import CallRecord, Role, Usage

Basis = Literal["verifier", "verifier:warm", "estimate:cold", "estimate:warm", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline and how it came about; `nusd` is None when it is not known.

    `verifier`: its own calls. `verifier:warm`: those, less what they cost more because
    drafts had let its cache go cold. `estimate`: another model answered, its prompt
    held by the verifier's cache or not. `none`: nobody was asked, or nothing is known.
    """

    nusd: int | None
    basis: Basis


def baseline_of(
    calls: Sequence[CallRecord], stakes: Stakes, caches: Caches
) -> Baseline:
    """Return what the same request would have cost without any draft in its history.

    A verifier's failure would have been a failure without drafts too. `stakes` has the
    verifier's prices at the time; `caches` is as it was before the request.
    """
    answered = stand_in(calls)
    if answered is None:
        return _of_verifier(calls, caches)
    if answered.usage is None:
        return Baseline(nusd=None, basis="none")
    if answered.role == "draft":
        usage = estimated_usage(answered.usage, stakes, caches)
    else:
        own = dataclasses.replace(stakes, token_ratio=1.0, output_ratio=1.0)
        usage = estimated_usage(answered.usage, own, caches)
    nusd = _priced(usage, stakes.verifier_price)
    if nusd is None:
        return Baseline(nusd=None, basis="none")
    warm = usage.cache_read_tokens > 0
    return Baseline(nusd=nusd, basis="estimate:warm" if warm else "estimate:cold")


def estimate_nusd(
    calls: Sequence[CallRecord], stakes: Stakes, caches: Caches
) -> int | None:
    """Return what would have been estimated where the truth is known; else None.

    That is on escalations. The estimate is given the cache the verifier really had, so
    that it can be held against what the verifier really cost.
    """
    draft, verifier = _answered(calls, "draft"), _answered(calls, "verifier")
    if draft is None or draft.usage is None or verifier is None:
        return None
    if not verifier.cost_nusd or not draft.usage.output_tokens:
        return None
    usage = _in_verifiers_tokens(
        draft.usage, stakes, _really_held(draft.usage, stakes, caches)
    )
    return _priced(usage, stakes.verifier_price)


def _really_held(usage: Usage, stakes: Stakes, caches: Caches) -> int:
    """How much of a draft's prompt the verifier's cache holds, in its tokens.

    What the draft read although its cache held nothing of this conversation, or of this
    prompt, other conversations left: they are as likely to have left it with the
    verifier.
    """
    held = caches.held(caches.verifier)
    cold = not held and not caches.held(caches.draft)
    if cold or is_other_prompt(caches.draft, usage, caches.now):
        return round(usage.cache_read_tokens * stakes.token_ratio)
    return held


def estimated_usage(usage: Usage, stakes: Stakes, caches: Caches) -> Usage:
    """Return the verifier's likely usage of a request another model answered.

    Its tokens are the other's times the ratios. What the other read from its cache
    would have been in the verifier's too: somebody was answered that prompt before.
    """
    read = round(usage.cache_read_tokens * stakes.token_ratio)
    other = is_other_prompt(caches.draft, usage, caches.now)
    held = 0 if other else caches.held(caches.alone)
    return _in_verifiers_tokens(usage, stakes, max(held, read))


def _in_verifiers_tokens(usage: Usage, stakes: Stakes, held: int) -> Usage:
    ratio = stakes.token_ratio
    long_tokens = (
        usage.cache_read_tokens + usage.cache_write_1h_tokens
        if usage.cache_write_1h_tokens
        else 0
    )
    counted = charged(
        round(usage.prompt_tokens * ratio),
        cacheable=round(cacheable_tokens(usage) * ratio),
        held=held,
        output_tokens=round(usage.output_tokens * stakes.output_ratio),
        long_tokens=round(long_tokens * ratio),
    )
    return dataclasses.replace(
        counted,
        web_searches=usage.web_searches,
        tariff=usage.tariff,
        unpriced=usage.unpriced,
    )


def _of_verifier(calls: Sequence[CallRecord], caches: Caches) -> Baseline:
    nusd = _sum(call.cost_nusd for call in calls if call.role == "verifier")
    if nusd is None or not any(call.role == "verifier" for call in calls):
        return Baseline(nusd=nusd, basis="none")
    lost = _lost_by_going_cold(_answered(calls, "verifier"), caches)
    return Baseline(nusd=nusd - lost, basis="verifier:warm" if lost else "verifier")


def _lost_by_going_cold(call: CallRecord | None, caches: Caches) -> int:
    """What the call wrote to the cache that would have been there without drafts."""
    if call is None or call.usage is None or call.price is None:
        return 0
    if is_other_prompt(caches.verifier, call.usage, caches.now):
        return 0
    warm = warmed(call.usage, caches.held(caches.alone))
    if warm == call.usage:
        return 0
    warm_nusd = cost_nusd(warm, call.price)
    if call.cost_nusd is None or warm_nusd is None:
        return 0
    return max(0, call.cost_nusd - warm_nusd)


def _answered(calls: Sequence[CallRecord], role: Role) -> CallRecord | None:
    """The last call of `role` that was answered 200 and told its usage."""
    told = [c for c in calls if c.role == role and c.status == 200 and c.usage]
    return told[-1] if told else None


def _priced(usage: Usage, price_of: PriceOf) -> int | None:
    price = price_of(usage)
    return None if price is None else cost_nusd(usage, price)


def stand_in(calls: Sequence[CallRecord]) -> CallRecord | None:
    """Return the call that answered in the verifier's place; None when it was asked.

    That is the fallback when it answered, else the last try of a draft.
    """
    roles = {call.role: call for call in calls}
    fallback = roles.get("fallback")
    if fallback is not None and fallback.status == 200:
        return fallback
    return None if "verifier" in roles else roles.get("draft")


def with_spares(
    calls: Sequence[CallRecord], stakes: Stakes, caches: Caches
) -> tuple[CallRecord, ...]:
    """Return `calls`, each verifier that was left unread at what its answer would cost.

    One that had failed by then costs nothing, as any call that failed.

    What a provider bills for an answer nobody read to its end is not told: this is the
    most it can be, as far as the draft tells. Unknown where there is no usage of one.
    """
    draft = _answered(calls, "draft")
    return tuple(
        _as_if_read(call, draft.usage, stakes, caches)
        if call.role == "spare" and call.cost_nusd is None and draft and draft.usage
        else call
        for call in calls
    )


def _as_if_read(
    call: CallRecord, usage: Usage, stakes: Stakes, caches: Caches
) -> CallRecord:
    likely = _in_verifiers_tokens(usage, stakes, _really_held(usage, stakes, caches))
    price = stakes.verifier_price(likely)
    nusd = None if price is None else cost_nusd(likely, price)
    return dataclasses.replace(call, usage=likely, price=price, cost_nusd=nusd)


def total_cost_nusd(calls: Sequence[CallRecord]) -> int | None:
    """Return what all calls cost together; None when the cost of one is not known."""
    return _sum(call.cost_nusd for call in calls)


def _sum(costs: Iterable[int | None]) -> int | None:
    total = 0
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total
