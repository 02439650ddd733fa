"""The Chat Completions API's shape: requests read, answers written.

Source: types of the Python SDK openai 3.54.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from metrics.types import Usage
from routing.simulator.dice import Dice
from routing.simulator.models import tier_of
from routing.simulator.prompts import (
    checked_model,
    digest_of,
    invalid,
    last_prompt,
    pieces,
    strings_of,
    text_of,
)
from routing.simulator.values import (
    Answer,
    Ask,
    ChoiceKind,
    Event,
    Headers,
    PromptBlock,
    Rejected,
    Request,
    Text,
    Tool,
    ToolChoice,
    ToolUse,
)

_CREATED = 1_767_225_600
_ARGUMENT_PIECE_CHARS = 16
_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_CHOICES: Mapping[str, ChoiceKind] = {"auto": "auto", "none": "none", "required": "any"}


def check_request(request: Request, fields: Mapping[str, Any]) -> None:
    """Refuse nothing: this API has no version header."""


def read_ask(fields: Mapping[str, Any], seed: int) -> Ask:
    """Return what the body asks for.

    Raises:
        Rejected: the body lacks what the API needs.
    """
    model = checked_model(fields)
    messages = fields["messages"]
    last = messages[-1]
    result = text_of(last.get("content")) if last["role"] == "tool" else None
    return Ask(
        model=model,
        tier=tier_of(model),
        prompt=last_prompt(messages),
        digest=digest_of(fields, seed),
        stream=fields.get("stream") is True,
        max_tokens=_limit(fields),
        tools=tuple(_tools(fields.get("tools"))),
        choice=_choice(fields),
        tool_result=result,
        schema=_schema(fields),
        stop_sequences=strings_of(fields.get("stop")),
        blocks=tuple(_blocks(fields)),
        fields=fields,
    )


def whole(ask: Ask, answer: Answer, usage: Usage) -> dict[str, Any]:
    """Return the answer as one completion."""
    calls = [_tool_call(use) for use in _tool_uses(answer)]
    message: dict[str, Any] = {"role": "assistant", "content": _text(answer) or None}
    message |= {"refusal": None, "annotations": []}
    if calls:
        message["tool_calls"] = calls
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _FINISH[answer.stop_reason],
    }
    head = _head(ask, "chat.completion")
    return {**head, "choices": [choice], "usage": _usage(usage, answer)}


def events(ask: Ask, answer: Answer, usage: Usage) -> list[Event]:
    """Return the answer as chunks; usage comes last and only when asked for."""
    head = _head(ask, "chat.completion.chunk")
    out = [_chunk(head, {"role": "assistant", "content": "", "refusal": None})]
    out += [_chunk(head, delta, paced=True) for delta in _deltas(answer)]
    out.append(_chunk(head, {}, finish=_FINISH[answer.stop_reason]))
    options = ask.fields.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        out.append(_data({**head, "choices": [], "usage": _usage(usage, answer)}))
    return [*out, Event(data=b"data: [DONE]\n\n")]


def error_body(error: Rejected, request_id: str) -> dict[str, Any]:  # noqa: ARG001 - the shape of a wire
    """Return the envelope of an error."""
    kind = "server_error" if error.status >= 500 else error.error_type
    inner = {"message": error.message, "type": kind, "param": None, "code": None}
    return {"error": inner}


def error_event(error: Rejected, request_id: str) -> Event:
    """Return an error that comes in the middle of a stream."""
    return _data(error_body(error, request_id))


def headers(request_id: str, reset: str) -> Headers:  # noqa: ARG001 - the shape of a wire
    """Return the headers of every answer."""
    return (
        ("x-request-id", request_id),
        ("openai-organization", "simulated"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-reset-requests", "6ms"),
    )


def _data(value: Mapping[str, Any], *, paced: bool = False) -> Event:
    return Event(data=b"data: %b\n\n" % msgspec.json.encode(value), paced=paced)


def _chunk(
    head: Mapping[str, Any],
    delta: Mapping[str, Any],
    *,
    finish: str | None = None,
    paced: bool = False,
) -> Event:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _data({**head, "choices": [choice]}, paced=paced)


def _head(ask: Ask, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{Dice(ask.digest, 'message').word(24)}",
        "object": kind,
        "created": _CREATED,
        "model": ask.model,
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    }


def _usage(usage: Usage, answer: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": usage.prompt_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": answer.thinking_tokens},
    }


def _text(answer: Answer) -> str:
    return "".join(block.text for block in answer.blocks if isinstance(block, Text))


def _tool_uses(answer: Answer) -> list[ToolUse]:
    return [block for block in answer.blocks if isinstance(block, ToolUse)]


def _tool_call(use: ToolUse) -> dict[str, Any]:
    return {
        "id": _call_id(use),
        "type": "function",
        "function": {"name": use.name, "arguments": use.input_json},
    }


def _call_id(use: ToolUse) -> str:
    return use.id.replace("toolu_", "call_")


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    for piece in pieces(_text(answer)):
        yield {"content": piece}
    for index, use in enumerate(_tool_uses(answer)):
        opened = {"name": use.name, "arguments": ""}
        call = {"index": index, "id": _call_id(use), "type": "function"}
        yield {"tool_calls": [{**call, "function": opened}]}
        for start in range(0, len(use.input_json), _ARGUMENT_PIECE_CHARS):
            piece = use.input_json[start : start + _ARGUMENT_PIECE_CHARS]
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _tools(value: Any) -> Iterator[Tool]:
    for tool in value if isinstance(value, list) else []:
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            schema = function.get("parameters") or {"type": "object"}
            yield Tool(name=function["name"], schema=schema)


def _choice(fields: Mapping[str, Any]) -> ToolChoice:
    value = fields.get("tool_choice", "auto")
    parallel = fields.get("parallel_tool_calls") is not False
    if isinstance(value, str) and value in _CHOICES:
        return ToolChoice(kind=_CHOICES[value], parallel=parallel)
    function = value.get("function") if isinstance(value, dict) else None
    if not isinstance(function, dict):
        raise invalid("tool_choice: must be none, auto, required or a function")
    return ToolChoice(kind="tool", name=str(function.get("name", "")))


def _schema(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    form = fields.get("response_format")
    wrapper = form.get("json_schema") if isinstance(form, dict) else None
    if isinstance(wrapper, dict):
        return wrapper.get("schema") or {"type": "object"}
    if isinstance(form, dict) and form.get("type") == "json_object":
        return {"type": "object", "required": ["answer"]}
    return None


def _limit(fields: Mapping[str, Any]) -> int | None:
    limit = fields.get("max_completion_tokens") or fields.get("max_tokens")
    return limit if isinstance(limit, int) else None


def _blocks(fields: Mapping[str, Any]) -> Iterator[PromptBlock]:
    messages: Sequence[Mapping[str, Any]] = fields["messages"]
    for part in [*(fields.get("tools") or ()), *messages]:
        content = part.get("content") if isinstance(part, dict) else part
        if isinstance(content, str):
            yield PromptBlock(content=content.encode(), chars=len(content))
        else:
            encoded = msgspec.json.encode(part)
            yield PromptBlock(content=encoded, chars=len(encoded))
