"""What is remembered from one request to the next, for all workers.

Keys are digests: nothing a client or a model wrote is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from routing.breaker import breaker
from routing.conversation import (
    called_by_last_answer,
    conversation_of,
    digest_of,
    turn_of,
)
from routing.state import store
from routing.types import CascadePlan, ChatRequest, Recalled

FAILED_TURN_S = 5 * 60.0
# People leave a tool call waiting for their approval over lunch, or over night.
LOOP_S = 24 * 3600.0
# An answer may call more tools than that; the first of them are enough to know it by.
MAX_TOOLS_REMEMBERED = 16

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
    loop = [] if called is None else [_loop_key(request, key_id, called)]
    breakers = breaker()
    found = store().get([failed_turn, *loop, *breakers.keys(plan.draft)])
    standing = breakers.standing(plan.draft, found, timeout_s=plan.rule.draft_timeout_s)
    return Recalled(
        in_tool_loop=called is not None,
        loop_of_draft=any(key in found for key in loop),
        draft_down=standing == "open",
        draft_trial=standing == "trial",
        repeat=failed_turn in found,
    )


def remember_turn(
    request: ChatRequest, key_id: int | None, tool_use_ids: Sequence[str]
) -> None:
    """Remember that the draft answered `request` by calling these tools.

    For before the answer goes out: the results may come at once, to another worker.
    What is not remembered is the verifier's.
    """
    ids = tool_use_ids[:MAX_TOOLS_REMEMBERED]
    entries = {_loop_key(request, key_id, each): _YES for each in ids}
    if entries:
        store().put(entries, ttl_s=LOOP_S)


def remember_failure(request: ChatRequest, key_id: int | None) -> None:
    """Remember that this turn got no whole answer, so that the next try is a repeat."""
    store().put({_failed_turn_key(request, key_id): _YES}, ttl_s=FAILED_TURN_S)


def forget_failure(request: ChatRequest, key_id: int | None) -> None:
    """Forget it once a repeat was answered: who asks the same again begins a turn."""
    store().delete(_failed_turn_key(request, key_id))


def _failed_turn_key(request: ChatRequest, key_id: int | None) -> str:
    return "repeat:" + digest_of(_owner(key_id), turn_of(request)).hex()


def _loop_key(request: ChatRequest, key_id: int | None, tool_use_id: str) -> str:
    where = (_owner(key_id), conversation_of(request))
    return "loop:" + digest_of(*where, tool_use_id.encode()).hex()


def _owner(key_id: int | None) -> bytes:
    return str(key_id).encode()
