"""What only the provider can honour that the client had in mind.

Another one holds none of its files, runs none of its tools and gave none of its
promises. A draft of the same provider may answer all of this.
"""

from __future__ import annotations

from routing.request_parts import (
    PROVIDER_BLOCKS,
    ToolHead,
    Types,
    asks_for,
    holds,
    tool_heads,
)
from routing.types import ChatRequest

# The field's name is the reason. `inference_geo` says where data may be processed.
_BOUND_TO_PROVIDER = ("safeguards", "mcp_servers", "container", "inference_geo")
_HELD_FILES = Types("file", "container_upload")


def reason_against_foreign(request: ChatRequest) -> str | None:
    """Return why no other provider may be asked for a draft; None when one may.

    Cost: a pass over the tools that builds none of their schemas, and a few over the
    bytes of the messages.
    """
    if request.credential:
        return "own_credential"
    for name in _BOUND_TO_PROVIDER:
        if asks_for(request, name):
            return name
    return _bound_by_tools(request) or _bound_by_contents(request)


def _bound_by_tools(request: ChatRequest) -> str | None:
    tools = tool_heads(request)
    if any(tool.kind != "custom" for tool in tools):
        return "provider_tool"
    if any(tool.defer_loading for tool in tools):
        return "defer_loading"
    if any(map(_is_called_by_code, tools)):
        return "allowed_callers"
    return None


def _is_called_by_code(tool: ToolHead) -> bool:
    callers = tool.allowed_callers
    return isinstance(callers, list) and any(caller != "direct" for caller in callers)


def _bound_by_contents(request: ChatRequest) -> str | None:
    """Files are looked for by bytes; a tool's own `file_id` argument is not enough."""
    for name in ("messages", "system"):
        if holds(request, name, (b'"file_id"',)) and _HELD_FILES.among(request, name):
            return "file_id"
    return "provider_block" if PROVIDER_BLOCKS.among(request, "messages") else None
