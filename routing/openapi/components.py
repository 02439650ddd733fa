"""The shapes that requests and answers share.

Source: Anthropic API reference, "Messages", "Models", "Errors"; the types of the
Python SDK. Only what the proxy itself asks for is required; all else is told, not
checked: it is the provider's to accept.
"""

from __future__ import annotations

from routing.openapi.shapes import (
    Schema,
    either,
    flag,
    listed,
    named,
    number,
    one_of,
    or_null,
    record,
    text,
    whole,
)

_BLOCKS = listed(
    record({"type": text()}, required=("type",), description="A content block.")
)
_TURN = record(
    {
        "role": one_of("user", "assistant", "system"),
        "content": either(text(), _BLOCKS),
    },
    required=("role", "content"),
)
_PROMPT = {
    "model": text("The model asked for; rules apply to it.", minLength=1),
    "messages": listed(_TURN, "The conversation, a turn of the user last.", minItems=1),
    "system": either(text(), _BLOCKS, description="The system prompt."),
    "tools": listed(record(), "Tools of the client and of the provider."),
    "tool_choice": record({"type": text("auto, any, tool or none.")}),
    "thinking": record({"type": text("enabled, adaptive, disabled, between_tools.")}),
    "output_config": record({"effort": text(), "format": record()}),
    "cache_control": record({"type": text(), "ttl": text()}),
    "mcp_servers": listed(record()),
}
_SAMPLED = {
    "max_tokens": whole("The most to put out; 0 only warms the cache.", minimum=0),
    "stream": flag("Whether the answer comes as events."),
    "stop_sequences": listed(text()),
    "metadata": record({"user_id": or_null(text())}),
    "container": either(text(), record({"id": or_null(text())})),
    "diagnostics": record(),
    "inference_geo": text(),
    "service_tier": text("auto or standard_only."),
    "speed": text("standard or fast."),
    "temperature": number("Gone with anthropic-version 2026-10-21."),
    "top_k": whole("Gone with anthropic-version 2026-10-21."),
    "top_p": number("Gone with anthropic-version 2026-10-21."),
    "context_management": record(),
    "fallbacks": either(text(), listed(record())),
    "thread": record(),
    "safeguards": listed(record()),
}
_COUNT = or_null(whole(minimum=0))
_TIME = or_null(text(format="date-time"))

SCHEMAS: dict[str, Schema] = {
    "MessageRequest": record(
        _PROMPT | _SAMPLED, required=("model", "messages", "max_tokens")
    ),
    "TokenCountRequest": record(_PROMPT, required=("model", "messages")),
    "TokenCount": record({"input_tokens": whole()}, required=("input_tokens",)),
    "Usage": record(
        {
            "input_tokens": _COUNT,
            "output_tokens": _COUNT,
            "cache_read_input_tokens": _COUNT,
            "cache_creation_input_tokens": _COUNT,
        },
        description="Of the answer alone; what else was spent is in the reports.",
    ),
    "Message": record(
        {
            "id": text(),
            "type": one_of("message"),
            "role": one_of("assistant"),
            "model": text("The model asked for, or that answered, as the rule says."),
            "content": _BLOCKS,
            "stop_reason": or_null(text()),
            "stop_sequence": or_null(text()),
            "usage": named("schemas", "Usage"),
        },
        required=("id", "type", "role", "model", "content", "usage"),
    ),
    "Model": record(
        {
            "id": text(),
            "type": one_of("model"),
            "display_name": text(),
            "created_at": text(format="date-time"),
            "lifecycle": or_null(text("active, deprecated or retired.")),
            "deprecated_at": _TIME,
            "retires_at": _TIME,
            "max_input_tokens": _COUNT,
            "max_tokens": _COUNT,
            "capabilities": or_null(record()),
        },
        required=("id", "type"),
    ),
    "ModelList": record(
        {
            "data": listed(named("schemas", "Model")),
            "has_more": flag(),
            "first_id": or_null(text()),
            "last_id": or_null(text()),
        },
        required=("data", "has_more"),
    ),
    "Feedback": record(
        {
            "decision_id": text("Of the header x-cascade-decision."),
            "worse": flag("Whether the answer was worse than it should have been."),
            "score": number("How good it was.", minimum=0, maximum=1),
            "reason": text("A code of your own, no text.", maxLength=64),
        },
        required=("decision_id",),
        description="worse or score, or both.",
    )
    | {"additionalProperties": False},
    "Taken": record(
        {
            "type": one_of("feedback"),
            "decision_id": text(),
            "recorded": flag("false: no draft had answered, so nothing was learned."),
        },
        required=("type", "decision_id", "recorded"),
    ),
    "Error": record(
        {
            "type": one_of("error"),
            "error": record(
                {"type": text("Such as rate_limit_error."), "message": text()},
                required=("type", "message"),
            ),
            "request_id": or_null(text()),
        },
        required=("type", "error"),
    ),
}


def _header(description: str) -> Schema:
    return {"description": description, "schema": text()}


HEADERS: dict[str, Schema] = {
    "request-id": _header("Names this answer; on errors it is in the body too."),
    "x-request-id": _header("The same, in OpenAI's dialect."),
    "retry-after": _header("When to try again, in seconds or as a date."),
    "x-should-retry": _header("true or false: whether trying again may help."),
    "x-cascade-decision": _header("Names the decision in logs and reports."),
    "x-cascade-outcome": _header("accepted, escalated, pass_through or account."),
    "x-cascade-model": _header("The model that answered, percent-encoded."),
    "x-cascade-confidence": _header("How far the draft was trusted, from 0 to 1."),
    "x-cascade-reason": _header("Why the draft did not answer."),
    "x-cascade-simulated": _header("true: the simulator answered, no model did."),
}

SECURITY: dict[str, Schema] = {
    "api_key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
