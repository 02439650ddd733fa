"""What is remembered of the prompt caches of a conversation, for all workers.

One entry for each model that answered, and one for what the verifier's cache would hold
had it answered every turn. Keys are digests, values are counts and a moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from metrics.caching import LONG_TTL_S, TTL_S, Cached, Caches, cacheable_tokens
from metrics.types import Usage
from routing.conversation import conversation_of, digest_of
from routing.economics import asks_for_long, caches_prompt
from routing.prompt_size import estimated_prompt_tokens
from routing.state.base import wall_clock
from routing.types import Call, CascadePlan, ChatRequest, Target

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder(Cached).decode


def keys(request: ChatRequest, plan: CascadePlan, key_id: int | None) -> dict[str, str]:
    """Return what to read for `recalled`, by the names of `Caches`.

    Nothing for a client that marks no prompts: its models hold nothing.
    """
    if plan.rule is None or plan.draft is None or not caches_prompt(request):
        return {}
    conversation = _conversation(request, key_id)
    return {
        "draft": _key(conversation, plan.draft),
        "verifier": _key(conversation, plan.verifier),
        "alone": _key(conversation, plan.verifier, alone=True),
    }


def recalled(keys: Mapping[str, str], found: Mapping[str, bytes]) -> Caches:
    """Return what was `found` under `keys`, as of now."""
    there = {name: _cached(found.get(key)) for name, key in keys.items()}
    return Caches(now=wall_clock() if keys else 0.0, **there)


def entries(
    request: ChatRequest,
    plan: CascadePlan,
    calls: Sequence[Call],
    *,
    key_id: int | None,
    caches: Caches,
) -> dict[str, bytes]:
    """Return what to write after `calls`: nothing unless their usage shows caching.

    `caches` is what was recalled when the request came. The call that answered last
    stands for what the verifier would have read, converted into its tokens.
    """
    if plan.rule is None or not caches_prompt(request):
        return {}
    before = Cached(
        tokens=0,
        at=caches.now or wall_clock(),
        ttl_s=LONG_TTL_S if asks_for_long(request) else TTL_S,
        prompt_tokens=0,
        estimated_tokens=estimated_prompt_tokens(request),
        gap_s=caches.gap_s,
    )
    held: dict[str, Cached] = {}
    conversation = _conversation(request, key_id)
    for call in calls:
        if call.status == 200 and call.usage and cacheable_tokens(call.usage):
            cached = _after(before, call.usage)
            held[_key(conversation, call.target)] = cached
            alone = _key(conversation, plan.verifier, alone=True)
            held[alone] = _converted(cached, _ratio(call, plan))
    return {key: _to_json(cached) for key, cached in held.items()}


def owner(request: ChatRequest, key_id: int | None) -> bytes:
    """Return what tells clients apart in the digests of keys.

    Where clients bring credentials of their own, those do.
    """
    if request.credential is None:
        return str(key_id).encode()
    return digest_of(b"credential", request.credential[1].encode())


def _after(before: Cached, usage: Usage) -> Cached:
    return replace(
        before,
        tokens=cacheable_tokens(usage),
        ttl_s=LONG_TTL_S if usage.cache_write_1h_tokens else before.ttl_s,
        prompt_tokens=usage.prompt_tokens,
    )


def _ratio(call: Call, plan: CascadePlan) -> float:
    return plan.stakes.token_ratio if call.role == "draft" else 1.0


def _converted(cached: Cached, ratio: float) -> Cached:
    return replace(
        cached,
        tokens=round(cached.tokens * ratio),
        prompt_tokens=round(cached.prompt_tokens * ratio),
    )


def _cached(stored: bytes | None) -> Cached | None:
    """What was stored; None for what a later or earlier version wrote."""
    try:
        return None if stored is None else _from_json(stored)
    except (msgspec.MsgspecError, ValueError):
        return None


def _conversation(request: ChatRequest, key_id: int | None) -> bytes:
    return digest_of(owner(request, key_id), conversation_of(request))


def _key(conversation: bytes, target: Target, *, alone: bool = False) -> str:
    parts = (target.provider.name.encode(), target.model.encode())
    mark = b"alone" if alone else b"real"
    return "cache:" + digest_of(conversation, mark, *parts).hex()
