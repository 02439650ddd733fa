"""What is remembered from one request to the next, for all workers.

Keys are digests: nothing a client or a model wrote is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metrics.caching import LONG_TTL_S, Caches
from routing import cache_memory
from routing.breaker import breaker, target_name
from routing.cache_memory import owner
from routing.conversation import (
    called_by_last_answer,
    conversation_of,
    digest_of,
    turn_of,
)
from routing.state import store
from routing.types import Call, CascadePlan, ChatRequest, Recalled, Target

FAILED_TURN_S = 5 * 60.0
# People leave a tool call waiting for their approval over lunch, or over night.
LOOP_S = 24 * 3600.0
# An answer may call more tools than that; the first of them are enough to know it by.
MAX_TOOLS_REMEMBERED = 16

# A model that is asked about drafts and is down is tried once in this time.
TRIAL_S = 60.0

_YES = b"1"


def recall(request: ChatRequest, plan: CascadePlan, key_id: int | None) -> Recalled:
    """Return what is remembered that bears on `request`; nothing when it is away.

    Cost: one read of the store, of one key when no draft is planned. `in_tool_loop` is
    looked at for a draft only.
    """
    failed_turn = _failed_turn_key(request, key_id)
    if plan.draft is None or plan.rule is None:
        return Recalled(repeat=failed_turn in store().get([failed_turn]))
    called = called_by_last_answer(request)
    loop = _loop_keys(request, key_id, [called] if called is not None else [])
    caches = cache_memory.keys(request, plan, key_id)
    breakers = breaker()
    asked = [t for t in (plan.checks.second, plan.checks.judge) if t is not None]
    of_targets = [key for t in (plan.draft, *asked) for key in breakers.keys(t)]
    found = store().get([failed_turn, *loop, *of_targets, *caches.values()])
    standing = breakers.standing(plan.draft, found)
    return Recalled(
        in_tool_loop=called is not None,
        loop_of_draft=any(found.get(key) == _name(plan.draft) for key in loop),
        draft_down=standing == "open",
        draft_trial=standing == "due",
        repeat=failed_turn in found,
        caches=cache_memory.recalled(caches, found),
        silent=tuple(t for t in asked if _is_silent(t, found)),
    )


def remember_turn(
    request: ChatRequest,
    key_id: int | None,
    *,
    draft: Target,
    tool_use_ids: Sequence[str],
) -> None:
    """Remember that `draft` answered `request` by calling these tools.

    For before the answer goes out: the results may come at once, to another worker.
    What is not remembered is the verifier's.
    """
    keys = _loop_keys(request, key_id, tool_use_ids[:MAX_TOOLS_REMEMBERED])
    if keys:
        store().put(dict.fromkeys(keys, _name(draft)), ttl_s=LOOP_S)


def remember_failure(request: ChatRequest, key_id: int | None) -> None:
    """Remember that this turn got no whole answer, so that the next try is a repeat."""
    store().put({_failed_turn_key(request, key_id): _YES}, ttl_s=FAILED_TURN_S)


def forget_failure(request: ChatRequest, key_id: int | None) -> None:
    """Forget it once a repeat was answered: who asks the same again begins a turn."""
    store().delete(_failed_turn_key(request, key_id))


def remember_caches(
    request: ChatRequest,
    key_id: int | None,
    plan: CascadePlan,
    calls: Sequence[Call],
    caches: Caches,
) -> None:
    """Remember what models now hold of a conversation whose client marks its prompts.

    `caches` is what was recalled before the calls. Nothing is written for others.
    """
    entries = cache_memory.entries(request, plan, calls, key_id=key_id, caches=caches)
    if entries:
        store().put(entries, ttl_s=LONG_TTL_S)


def _is_silent(target: Target, found: Mapping[str, bytes]) -> bool:
    """Whether a model is down and it is not this request that tries it again."""
    standing = breaker().standing(target, found)
    if standing == "due":
        return not breaker().claim_trial(target, timeout_s=TRIAL_S)
    return standing == "open"


def _failed_turn_key(request: ChatRequest, key_id: int | None) -> str:
    return "repeat:" + digest_of(owner(request, key_id), turn_of(request)).hex()


def _loop_keys(
    request: ChatRequest, key_id: int | None, tool_use_ids: Sequence[str]
) -> list[str]:
    """Return a key for each answer's call. Costs the digest of the conversation."""
    if not tool_use_ids:
        return []
    where = (owner(request, key_id), conversation_of(request))
    return [f"loop:{digest_of(*where, each.encode()).hex()}" for each in tool_use_ids]


def _name(target: Target) -> bytes:
    return target_name(target).encode()
