"""The endpoints of OpenAI's dialect: addresses, shapes, errors.

Source: OpenAI API reference, "Chat", "Responses". Only what the proxy itself asks for
is required.
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

_MESSAGE = record(
    {
        "role": one_of("developer", "system", "user", "assistant", "tool"),
        "content": either(text(), listed(record()), {"type": "null"}),
        "tool_calls": listed(record()),
        "tool_call_id": text(),
    },
    required=("role",),
)
CHAT_SCHEMAS: dict[str, Schema] = {
    "ChatRequest": record(
        {
            "model": text("The model asked for; rules apply to it.", minLength=1),
            "messages": listed(_MESSAGE, minItems=1),
            "max_completion_tokens": or_null(whole(minimum=1)),
            "max_tokens": or_null(whole(minimum=1)),
            "stream": flag("Whether the answer comes as chunks."),
            "stream_options": record({"include_usage": flag()}),
            "tools": listed(record()),
            "tool_choice": either(text(), record()),
            "parallel_tool_calls": flag(),
            "response_format": record({"type": text()}),
            "reasoning_effort": text(),
            "temperature": number(),
            "top_p": number(),
            "stop": either(text(), listed(text())),
            "n": whole("More than one passes through, to OpenAI's models alone."),
        },
        required=("model", "messages"),
    ),
    "ChatCompletion": record(
        {
            "id": text(),
            "object": one_of("chat.completion"),
            "created": whole(),
            "model": text("The model asked for, or that answered, as the rule says."),
            "choices": listed(record()),
            "usage": or_null(record()),
        },
        required=("id", "object", "choices"),
    ),
    "ResponseRequest": record(
        {
            "model": text("The model asked for.", minLength=1),
            "stream": flag("Whether the answer comes as events."),
        },
        required=("model",),
    ),
    "Response": record({"id": text(), "object": text()}),
    "OpenAIError": record(
        {
            "error": record(
                {
                    "message": text(),
                    "type": or_null(text()),
                    "param": or_null(text()),
                    "code": either(text(), whole(), {"type": "null"}),
                },
                required=("message",),
            )
        },
        required=("error",),
    ),
    "OpenAIModel": record(
        {
            "id": text(),
            "object": one_of("model"),
            "created": whole(),
            "owned_by": text("The provider."),
        },
        required=("id", "object"),
    ),
    "OpenAIModelList": record(
        {
            "object": one_of("list"),
            "data": listed(named("schemas", "OpenAIModel")),
        },
        required=("object", "data"),
    ),
}
