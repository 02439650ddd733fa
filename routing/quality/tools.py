"""Vetoes on how the draft uses the client's tools."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from routing.quality.schema import certainly_violates
from routing.request_parts import dicts_in, holds, value
from routing.types import ChatRequest, Completion

_MAX_JUDGED_CALLS = 200
# What local models of 2026 put around a call: a fence, Qwen's tag, Llama's, Mistral's.
_WRITTEN_CALL = re.compile(
    r"(?:```\w*\s*|<tool_call>\s*|<\|python_tag\|>\s*|\[TOOL_CALLS\]\s*\[?)?"
    r"(?P<json>\{.*\})"
    r"\s*(?:```|</tool_call>|\])?",
    re.DOTALL,
)
# Which tool a server runs itself may satisfy a choice of `any`.
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")


def unknown_tool(request: ChatRequest, draft: Completion) -> bool:
    """Return whether a tool is called that the request does not offer.

    Members of a toolset carry `toolset_name` and are declared nowhere. Nothing is
    claimed when tools are added within the conversation or one has no name.
    """
    calls = [call for call in draft.tool_uses if not call.get("toolset_name")]
    if not calls or holds(request, "messages", (b'"tool_addition"',)):
        return False
    tools = value(request, "tools")
    if tools is not None and not isinstance(tools, list):
        return False
    names = [tool.get("name") for tool in dicts_in(tools)]
    if not all(isinstance(name, str) for name in names):
        return False
    offered = set(names)
    return any(
        not isinstance(name := call.get("name"), str) or name not in offered
        for call in calls
    )


def invalid_tool_input(request: ChatRequest, draft: Completion) -> bool:
    """Return whether a call's input is no object or certainly violates its schema.

    Only custom tools have a schema; of any other tool only an object is asked, and of
    calls beyond the first 200.
    """
    calls = draft.tool_uses
    if any(not isinstance(call.get("input"), dict) for call in calls):
        return True
    schemas = _schemas(request) if calls else {}
    return any(
        certainly_violates(call["input"], schemas[name])
        for call in calls[:_MAX_JUDGED_CALLS]
        if isinstance(name := call.get("name"), str) and name in schemas
    )


def forced_tool_not_called(request: ChatRequest, draft: Completion) -> bool:
    """Return whether `tool_choice` demanded a call that was not made."""
    choice = value(request, "tool_choice")
    if not isinstance(choice, dict):
        return False
    if choice.get("type") == "any":
        return not any(block.get("type") in _CALLS for block in draft.blocks)
    if choice.get("type") == "tool":
        wanted = choice.get("name")
        calls = [block for block in draft.blocks if block.get("type") in _CALLS]
        return all(call.get("name") != wanted for call in calls)
    return False


def tool_call_in_text(request: ChatRequest, draft: Completion) -> bool:
    """Return whether the answer is a call of an offered tool written as text.

    Small models do that: bare JSON, in a fence, or in tags of their own. Only an answer
    that is nothing else counts: a person may have asked for an example.
    """
    if draft.tool_uses or b"name" not in draft.text.encode("utf-8", "replace"):
        return False
    written = _WRITTEN_CALL.fullmatch(draft.text.strip())
    call = _object(written["json"]) if written else {}
    function = call.get("function")
    named = function if isinstance(function, dict) else call
    if not {"arguments", "parameters", "input"} & named.keys():
        return False
    offered = (tool.get("name") for tool in dicts_in(value(request, "tools")))
    return named.get("name") in [name for name in offered if isinstance(name, str)]


def _object(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _schemas(request: ChatRequest) -> dict[str, Any]:
    """The input schemas by tool name; a name declared twice promises nothing."""
    schemas: dict[str, Any] = {}
    for tool in dicts_in(value(request, "tools")):
        name = tool.get("name")
        if isinstance(name, str) and "input_schema" in tool:
            schemas[name] = {} if name in schemas else tool["input_schema"]
    return schemas
