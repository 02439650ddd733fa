"""T: every type of tool, every key of a custom one. The draft shares the account."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import Json, message, request

GA = "tools"
BETA = "tools in beta"
_SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
_CUSTOM: Json = {"name": "get_weather", "input_schema": _SCHEMA}


def _row(number: str, what: str, source: str, *tools: Any, **case: Any) -> Case:
    body = request(tools=list(tools))
    usual = {"answer": message(), "body": body}
    return Case(id=f"T{number}", what=f"tool: {what}", source=source, **usual | case)


_CUSTOM_KEYS: tuple[tuple[str, str, Json], ...] = (
    ("001", "name, input_schema", {}),
    ("002", "description", {"description": "Says what the weather is."}),
    ("003", "type: custom", {"type": "custom"}),
    ("004", "cache_control", {"cache_control": {"type": "ephemeral", "ttl": "1h"}}),
    ("005", "strict", {"strict": True}),
    ("006", "defer_loading", {"defer_loading": True}),
    ("007", "eager_input_streaming", {"eager_input_streaming": True}),
    ("008", "input_examples", {"input_examples": [{"city": "Oslo"}]}),
    ("009", "allowed_callers", {"allowed_callers": ["direct"]}),
    ("010", "an unknown key", {"x_next_year": 1e2}),
)

_BUILT_IN: tuple[tuple[str, str, str], ...] = (
    ("101", "bash_20250124", "bash"),
    ("102", "text_editor_20250124", "str_replace_editor"),
    ("103", "text_editor_20250429", "str_replace_based_edit_tool"),
    ("104", "text_editor_20250728", "str_replace_based_edit_tool"),
    ("105", "memory_20250818", "memory"),
    ("106", "computer_toolset_20260801", "computer"),
    ("107", "browser_toolset_20260801", "browser"),
    ("108", "web_search_20250305", "web_search"),
    ("109", "web_search_20260209", "web_search"),
    ("110", "web_search_20260318", "web_search"),
    ("111", "web_fetch_20250910", "web_fetch"),
    ("112", "web_fetch_20260209", "web_fetch"),
    ("113", "web_fetch_20260309", "web_fetch"),
    ("114", "web_fetch_20260318", "web_fetch"),
    ("115", "code_execution_20250522", "code_execution"),
    ("116", "code_execution_20250825", "code_execution"),
    ("117", "code_execution_20260120", "code_execution"),
    ("118", "code_execution_20260521", "code_execution"),
    ("119", "tool_search_tool_bm25_20251119", "tool_search_tool_bm25"),
    ("120", "tool_search_tool_regex_20251119", "tool_search_tool_regex"),
)

_IN_BETA: tuple[tuple[str, str, Json], ...] = (
    ("201", "advisor_20260301", {"name": "advisor", "model": "claude-opus-5-5"}),
    ("202", "mcp_toolset", {"mcp_server_name": "m"}),
    ("203", "computer_20241022", {"name": "computer", "display_width_px": 800}),
    ("204", "computer_20250124", {"name": "computer", "display_width_px": 800}),
    ("205", "computer_20251124", {"name": "computer", "display_width_px": 800}),
    ("206", "bash_20241022", {"name": "bash"}),
    ("207", "text_editor_20241022", {"name": "str_replace_editor"}),
    ("208", "quantum_20290101, an unknown type", {"name": "quantum"}),
)


def _called(arguments: Json) -> Any:
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather"}
    return message(call | {"input": arguments}, stop_reason="tool_use")


CASES = (
    *(_row(n, f"custom: {what}", GA, _CUSTOM | keys) for n, what, keys in _CUSTOM_KEYS),
    _row("011", "custom: called", GA, _CUSTOM, answer=_called({"city": "Oslo"})),
    _row(
        "012",
        "custom: called against its schema",
        GA,
        _CUSTOM,
        answer=_called({"city": 1}),
        reason="veto:invalid_tool_input",
    ),
    *(_row(n, kind, GA, {"type": kind, "name": name}) for n, kind, name in _BUILT_IN),
    *(
        _row(n, what, BETA, {"type": what.partition(",")[0]} | keys)
        for n, what, keys in _IN_BETA
    ),
)
