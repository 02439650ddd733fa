"""The draft's own copy of a request: what its model would refuse, said its way.

Only the top-level values `thinking`, `output_config`, `tool_choice`, `max_tokens` and
the sampling parameters ever change, each by its bytes. The system prompt, the tools and
the messages are the client's: signatures in them are bound to every byte before.
Judging goes by what the client asked, never by this copy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec

from routing import thinking
from routing.body import (
    changed,
    edited,
    edits_for,
    moved,
)
from routing.facts import EFFORTS, UNKNOWN, ModelFacts
from routing.native_copy import native_copy
from routing.request_parts import holds, members_of, string_in
from routing.rule_terms import RuleTerms
from routing.translating.request_to_messages import DEFAULT_MAX_TOKENS
from routing.types import CascadePlan, ChatRequest, Target

SAMPLING = ("temperature", "top_p", "top_k")
# Later versions of the API refuse sampling parameters of any model.
VERSION_WITH_SAMPLING = "2023-06-01"
FORCED = ("any", "tool")

Changes = dict[str, bytes | None]


class _Obstacle(Exception):
    """The request cannot be adapted; the message is the eligibility reason."""


def obstacle(
    request: ChatRequest, target: Target, terms: RuleTerms | None
) -> str | None:
    """Return why no copy of `request` suits the model of `target`; None if one does."""
    try:
        _changes(request, target.facts, terms)
    except _Obstacle as found:
        return str(found)
    return None


def draft_copy(request: ChatRequest, plan: CascadePlan) -> ChatRequest:
    """Return `request` as the draft is to be asked; itself without a draft."""
    return copy_for(request, plan.draft, plan.rule) if plan.draft else request


def copy_for(
    request: ChatRequest, target: Target, terms: RuleTerms | None
) -> ChatRequest:
    """Return `request` as `target` is to be asked: itself when it suits the model.

    What is not known of the model changes nothing; a request with an obstacle, or one
    that only its client's own dialect can say, is left alone.
    """
    if request.native and request.native.beyond:
        return request
    try:
        changes = _changes(request, target.facts, terms)
    except _Obstacle:
        return request
    return _with(request, changes, target) if changes else request


def _changes(
    request: ChatRequest, facts: ModelFacts, terms: RuleTerms | None
) -> Changes:
    """Return the new JSON of each value that must change. Raises _Obstacle."""
    if facts == UNKNOWN:
        return {}
    max_tokens = _max_tokens(request, facts, terms)
    changes = _thinking_and_effort(request, facts, max_tokens)
    if max_tokens != request.max_tokens:
        changes["max_tokens"] = msgspec.json.encode(max_tokens)
    return changes | _tool_choice(request, facts) | _sampling(request, facts)


def _max_tokens(
    request: ChatRequest, facts: ModelFacts, terms: RuleTerms | None
) -> int | None:
    asked, limit = request.max_tokens, facts.max_output_tokens
    if limit is None or (asked is not None and asked <= limit):
        return asked
    if asked is None:
        return min(limit, _stand_in(request)) or None
    if terms is None or not terms.clamp_max_tokens:
        raise _Obstacle("output_limit")
    return limit


def _stand_in(request: ChatRequest) -> int:
    """Return the limit where its client set none and the dialect wants one; 0 if not.

    Nobody asked for that many: cutting it is no obstacle.
    """
    raw = bytes(request.fields.get("max_tokens", b""))
    return DEFAULT_MAX_TOKENS if raw == b"%d" % DEFAULT_MAX_TOKENS else 0


def _thinking_and_effort(
    request: ChatRequest, facts: ModelFacts, max_tokens: int | None
) -> Changes:
    """Return what thinking and effort come to: each may stand for the other."""
    config = members_of(request, "thinking")
    output = members_of(request, "output_config")
    if config is None or output is None:
        return {}
    asked = thinking.Asked(
        config=config,
        effort=string_in(output, "effort"),
        max_tokens=max_tokens,
        tool_is_forced=_forces_a_tool(request)
        and facts.forced_tool_choice is not False,
    )
    meant = thinking.as_taken(asked, facts)
    if meant is None:
        raise _Obstacle("thinking_disabled")
    if asked.on and not meant.on and _clears_thinking(request):
        raise _Obstacle("clear_thinking")
    changes: Changes = {}
    if meant.config != config:
        changes["thinking"] = _json(meant.config)
    effort = _effort(meant.effort, facts)
    if effort != asked.effort:
        changes["output_config"] = _json(_with_effort(output, effort))
    return changes


def _clears_thinking(request: ChatRequest) -> bool:
    # Source: the API's own message, "`clear_thinking_20251015` strategy requires
    # `thinking` to be enabled or adaptive".
    return holds(request, "context_management", (b'"clear_thinking_',))


def _effort(level: str | None, facts: ModelFacts) -> str | None:
    """Return the nearest level that the model takes: a lower one, else its lowest."""
    taken = facts.efforts
    if level is None or taken is None or level in taken:
        return level
    if not taken:
        return None
    if level not in EFFORTS:
        return level
    lower = [known for known in taken if EFFORTS.index(known) < EFFORTS.index(level)]
    return lower[-1] if lower else taken[0]


def _with_effort(
    output: Mapping[str, msgspec.Raw], effort: str | None
) -> dict[str, Any]:
    rest = {name: raw for name, raw in output.items() if name != "effort"}
    return rest if effort is None else rest | {"effort": effort}


def _forces_a_tool(request: ChatRequest) -> bool:
    kind = string_in(members_of(request, "tool_choice") or {}, "type")
    return kind is not None and kind in FORCED


def _tool_choice(request: ChatRequest, facts: ModelFacts) -> Changes:
    """Let a model choose that refuses to be forced; a veto looks at its choice."""
    if facts.forced_tool_choice is not False or not _forces_a_tool(request):
        return {}
    choice = members_of(request, "tool_choice") or {}
    parallel = "disable_parallel_tool_use"
    kept = {parallel: choice[parallel]} if parallel in choice else {}
    return {"tool_choice": _json({"type": "auto"} | kept)}


def _sampling(request: ChatRequest, facts: ModelFacts) -> Changes:
    if facts.sampling is not False or not request.fields.keys() & set(SAMPLING):
        return {}
    if dict(request.headers).get("anthropic-version") != VERSION_WITH_SAMPLING:
        return {}
    return {name: None for name in SAMPLING if name in request.fields}


def _json(members: Mapping[str, Any]) -> bytes | None:
    """Return the object as JSON; None when it is empty, so that it is left out."""
    return msgspec.json.encode(members) if members else None


def _with(request: ChatRequest, changes: Changes, target: Target) -> ChatRequest:
    edits = edits_for(request.body, request.fields, changes)
    max_tokens = changes.get("max_tokens")
    native = request.native
    spoken = native is not None and target.provider.dialect == "openai"
    return dataclasses.replace(
        request,
        body=edited(request.body, edits),
        fields=changed(request.fields, changes),
        model_span=moved(request.model_span, edits),
        max_tokens=int(max_tokens) if max_tokens else request.max_tokens,
        native=native_copy(native, changes) if native and spoken else None,
    )
