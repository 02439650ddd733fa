"""F: every field of a request."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import assistant, message, request, user

SOURCE = "POST /v1/messages, request body"
BETA = "POST /v1/messages, fields in beta"

_SYSTEM_TURN = {"role": "system", "content": "Be brief from here on."}
_SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
_JSON_TEXT = {"type": "text", "text": '{"n": 4}'}
_EPHEMERAL = {"type": "ephemeral"}
_TOOL = {"name": "get_weather", "input_schema": {"type": "object"}}
_CALL = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}


def _row(
    number: str,
    what: str,
    fields: dict[str, Any],
    source: str = SOURCE,
    **case: Any,
) -> Case:
    usual = {"answer": message(), "body": request(**fields)}
    return Case(id=f"F{number}", what=f"field: {what}", source=source, **usual | case)


def _thinking(**fields: Any) -> dict[str, Any]:
    return {"thinking": fields, "max_tokens": 4096}


def _format(schema: dict[str, Any]) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def _choice(**fields: Any) -> dict[str, Any]:
    return {"tools": [_TOOL], "tool_choice": fields}


_TURNS = [user("One?"), assistant("Yes."), user("Two?")]

GA = (
    _row("001", "model", {}),
    _row("002", "messages: several turns", {"messages": _TURNS}),
    _row("003", "messages: role system", {"messages": [user("Hi."), _SYSTEM_TURN]}),
    _row("004", "messages: role twice", {"messages": [user("Hi."), user("And?")]}),
    _row("005", "messages: content as string", {"messages": [user("Hi.")]}),
    _row("006", "max_tokens", {"max_tokens": 1}),
    _row(
        "007", "max_tokens: 0", {"max_tokens": 0}, reason="not_eligible:max_tokens_zero"
    ),
    _row("008", "system as string", {"system": "Be kind."}),
    _row(
        "009",
        "system as blocks with cache_control",
        {"system": [{"type": "text", "text": "Be.", "cache_control": _EPHEMERAL}]},
    ),
    _row("010", "tools", {"tools": [_TOOL]}),
    _row("011", "tools: []", {"tools": []}),
    _row("012", "tool_choice: auto", _choice(type="auto")),
    _row("013", "tool_choice: any", _choice(type="any"), answer=message(_CALL)),
    _row(
        "014",
        "tool_choice: tool",
        _choice(type="tool", name="get_weather"),
        answer=message(_CALL, stop_reason="tool_use"),
    ),
    _row("015", "tool_choice: none", _choice(type="none")),
    _row(
        "016",
        "tool_choice.disable_parallel_tool_use",
        _choice(type="auto", disable_parallel_tool_use=True),
    ),
    _row("017", "thinking: enabled", _thinking(type="enabled", budget_tokens=1024)),
    _row("018", "thinking: adaptive", _thinking(type="adaptive")),
    _row("019", "thinking: disabled", _thinking(type="disabled")),
    _row("020", "thinking: between_tools", _thinking(type="between_tools")),
    *(
        _row(
            number, f"thinking.display: {how}", _thinking(type="adaptive", display=how)
        )
        for number, how in (("021", "summarized"), ("022", "omitted"))
    ),
    *(
        _row(number, f"output_config.effort: {e}", {"output_config": {"effort": e}})
        for number, e in (
            ("024", "low"),
            ("025", "medium"),
            ("026", "high"),
            ("027", "xhigh"),
            ("028", "max"),
        )
    ),
    _row(
        "029",
        "output_config.format: json_schema",
        _format(_SCHEMA),
        answer=message(_JSON_TEXT),
    ),
    _row("030", "cache_control", {"cache_control": _EPHEMERAL}),
    _row("031", "cache_control.ttl", {"cache_control": {**_EPHEMERAL, "ttl": "1h"}}),
    _row("032", "container.id", {"container": {"id": "container_1"}}),
    _row(
        "033",
        "container.skills",
        {"container": {"skills": [{"type": "anthropic", "skill_id": "pptx"}]}},
    ),
    _row("034", "diagnostics", {"diagnostics": {"previous_message_id": None}}),
    _row(
        "035",
        "diagnostics.previous_message_id",
        {"diagnostics": {"previous_message_id": "msg_0"}},
    ),
    _row("036", "inference_geo", {"inference_geo": "us"}),
    _row("037", "service_tier: auto", {"service_tier": "auto"}),
    _row("038", "service_tier: standard_only", {"service_tier": "standard_only"}),
    _row("039", "speed: standard", {"speed": "standard"}),
    _row("040", "speed: fast", {"speed": "fast"}, reason="not_eligible:speed_fast"),
    _row("041", "stop_sequences", {"stop_sequences": ["END", "\n\nHuman:"]}),
    _row("042", "stream: false", {"stream": False}),
    _row("043", "metadata.user_id", {"metadata": {"user_id": '{"device_id": "d"}'}}),
    _row("044", "temperature", {"temperature": 0.5}),
    _row("045", "top_p", {"top_p": 0.9}),
    _row("046", "top_k", {"top_k": 40}),
)

_COMPACT = {"edits": [{"type": "compact_20260112"}]}
_MCP = [{"type": "url", "name": "m", "url": "https://mcp.example"}]
_GUARD = [{"type": "dangerous_tool_use", "classifier_context": {"a": [1]}}]
_SYSTEM_BETA = _SYSTEM_TURN | {
    "output_config": {"effort": "low"},
    "clear_at": "next_user_message",
}

IN_BETA = (
    _row("101", "billing_policy", {"billing_policy": {"type": "default"}}, BETA),
    _row(
        "102",
        "compaction",
        {"compaction": {"type": "summarize", "instructions": "Short."}},
        BETA,
        reason="not_eligible:compaction",
    ),
    *(
        _row(number, f"context_management: {edit}", {"context_management": edits}, BETA)
        for number, edit, edits in (
            (number, edit, {"edits": [{"type": edit, "keep": "all"}]})
            for number, edit in (
                ("103", "clear_tool_uses_20250919"),
                ("104", "clear_thinking_20251015"),
            )
        )
    ),
    _row(
        "105",
        "context_management: compact_20260112",
        {"context_management": _COMPACT},
        BETA,
        reason="not_eligible:compaction",
    ),
    _row(
        "106",
        "fallbacks as list",
        {"fallbacks": [{"model": "m", "max_tokens": 5, "speed": "standard"}]},
        BETA,
        reason="not_eligible:fallbacks",
    ),
    _row(
        "107",
        "fallbacks: default",
        {"fallbacks": "default"},
        BETA,
        reason="not_eligible:fallbacks",
    ),
    _row(
        "108",
        "fallback_credit_token",
        {"fallback_credit_token": "fct_1"},
        BETA,
        reason="not_eligible:fallback_credit_token",
    ),
    _row("109", "mcp_servers", {"mcp_servers": _MCP}, BETA),
    _row(
        "110",
        "thread: create",
        {"thread": {"type": "create"}},
        BETA,
        reason="not_eligible:thread",
    ),
    _row(
        "111",
        "thread: continue",
        {"thread": {"type": "continue", "previous_message_id": "msg_0"}},
        BETA,
        reason="not_eligible:thread",
    ),
    _row(
        "112",
        "thinking.block_binding",
        _thinking(
            type="adaptive", block_binding={"prefix_mismatch_behavior": "drop_block"}
        ),
        BETA,
    ),
    _row(
        "113",
        "system message: output_config, clear_at",
        {"messages": [user("Hi."), _SYSTEM_BETA]},
        BETA,
    ),
    _row("114", "container as string", {"container": "container_1"}, BETA),
    _row(
        "115",
        "output_config.task_budget",
        {"output_config": {"task_budget": {"type": "tokens", "total": 9}}},
        BETA,
    ),
    _row(
        "116",
        "thinking.display: updates",
        _thinking(type="adaptive", display="updates"),
        BETA,
    ),
    _row(
        "117",
        "output_format (replaced by output_config.format)",
        {"output_format": {"type": "json_schema", "schema": _SCHEMA}},
        BETA,
        answer=message(_JSON_TEXT),
    ),
    _row("118", "safeguards", {"safeguards": _GUARD}, "sent by Claude Code, untyped"),
    _row("119", "an unknown field", {"x_next_year": {"deep": [None, 1e2]}}, "unknown"),
    _row(
        "120",
        "an unknown field in a message and a block",
        {"messages": [user({"type": "text", "text": "Hi.", "n": 1}) | {"id": "m1"}]},
        "unknown",
    ),
)

CASES = (*GA, *IN_BETA)
