"""May this request be drafted at all? The cheap questions, asked before any model is.

Which model could what is not known here: only what the request itself tells.
"""

from __future__ import annotations

import re
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec

from routing.request_parts import Turn, holds, turns
from routing.types import CascadePlan, ChatRequest

# State a server keeps for the conversation, or terms agreed with one model: another
# model's answer would be no part of it. The field's name is the reason.
_BOUND_TO_VERIFIER = ("thread", "compaction", "fallbacks", "fallback_credit_token")
# What only the provider that the client had in mind can honour; its own credential
# comes on top.
_BOUND_TO_PROVIDER = ("safeguards", "mcp_servers", "container")

_SIGNED = (b'"signature"', b'"redacted_thinking"')
_HELD_FILE = re.compile(rb'"type"\s*:\s*"(?:file|container_upload)"')
_NOT_ASKED = (b"null", b"[]", b"{}", b'""', b"false")


class _ToolHead(msgspec.Struct, gc=False, frozen=True):
    type: Any = None
    defer_loading: Any = None


_TOOL_HEADS = msgspec.json.Decoder(list[_ToolHead])


def reason_against(request: ChatRequest, plan: CascadePlan) -> str | None:
    """Return why `request` must not be drafted, as a short word; None when it may be.

    Cost: one pass over the messages that builds no contents, and the contents of the
    current tool loop when the conversation holds signed thinking.
    """
    if plan.draft is None:
        return None
    if reason := _bound_to_verifier(request) or _bound_by_turns(request):
        return reason
    if plan.draft.provider.name != plan.verifier.provider.name:
        return _bound_to_provider(request)
    return None


def _bound_to_verifier(request: ChatRequest) -> str | None:
    for name in _BOUND_TO_VERIFIER:
        if _asks_for(request, name):
            return name
    if holds(request, "context_management", (b'"compact_',)):
        return "compaction"
    if request.max_tokens == 0:
        return "max_tokens_zero"
    if holds(request, "speed", (b'"fast"',)):
        return "speed_fast"
    return None


def _bound_by_turns(request: ChatRequest) -> str | None:
    conversation = turns(request)
    if conversation and conversation[-1].role == "assistant":
        return "prefill"
    if holds(request, "messages", _SIGNED) and _in_signed_tool_loop(conversation):
        return "tool_loop_of_verifier"
    return None


def _in_signed_tool_loop(conversation: list[Turn]) -> bool:
    """Whether the thinking behind the tool results last sent would be lost.

    Whose signature it is cannot be seen, so it is taken for the verifier's.

    Source: Anthropic documentation, "Extended thinking with tool use".
    """
    return any(
        _is_signed_thinking(block)
        for turn in _current_loop(conversation)
        for block in turn.blocks
    )


def _current_loop(conversation: list[Turn]) -> list[Turn]:
    """The assistant's messages since the user last spoke without answering a tool.

    Messages of one role in a row are one turn.
    """
    loop: list[Turn] = []
    for role, run in groupby(reversed(conversation), key=attrgetter("role")):
        if role == "assistant":
            loop.extend(run)
        elif not any(b'"tool_result"' in bytes(turn.content) for turn in run):
            break
    return loop


def _is_signed_thinking(block: dict[str, Any]) -> bool:
    kind = block.get("type")
    signed = kind == "thinking" and bool(block.get("signature"))
    return signed or kind == "redacted_thinking"


def _bound_to_provider(request: ChatRequest) -> str | None:
    if request.credential:
        return "own_credential"
    for name in _BOUND_TO_PROVIDER:
        if _asks_for(request, name):
            return name
    return _bound_by_tools(request) or _bound_by_files(request)


def _bound_by_tools(request: ChatRequest) -> str | None:
    try:
        tools = _TOOL_HEADS.decode(request.fields.get("tools", b"[]"))
    except (ValueError, RecursionError):
        return None
    if any(tool.type not in (None, "custom") for tool in tools):
        return "provider_tool"
    if any(tool.defer_loading for tool in tools):
        return "defer_loading"
    return None


def _bound_by_files(request: ChatRequest) -> str | None:
    """Files are looked for by bytes; a tool's own `file_id` argument is not enough."""
    if not holds(request, "messages", (b'"file_id"',)):
        return None
    return "file_id" if _HELD_FILE.search(request.fields["messages"]) else None


def _asks_for(request: ChatRequest, name: str) -> bool:
    raw = request.fields.get(name)
    return raw is not None and bytes(raw) not in _NOT_ASKED
