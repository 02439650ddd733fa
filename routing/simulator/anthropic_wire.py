"""The Messages API's shape: answers written, requests read by `anthropic_ask`.

Source: types of the Python SDK anthropic 2.12.0 and its streaming reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from metrics.types import Usage
from routing.simulator.anthropic_ask import check_request, read_ask
from routing.simulator.dice import Dice
from routing.simulator.prompts import pieces
from routing.simulator.values import (
    Answer,
    Ask,
    Block,
    Event,
    Headers,
    Rejected,
    Text,
    Thinking,
    ToolUse,
)

__all__ = [
    "check_request",
    "error_body",
    "error_event",
    "events",
    "headers",
    "read_ask",
    "whole",
]
_JSON_PIECE_CHARS = 16


def whole(ask: Ask, answer: Answer, usage: Usage) -> dict[str, Any]:
    """Return the answer as one message."""
    return {
        **_message(ask),
        "content": [_block(block) for block in answer.blocks],
        **_ending(ask, answer),
        "usage": _usage(usage, answer),
    }


def events(ask: Ask, answer: Answer, usage: Usage) -> list[Event]:
    """Return the answer as events: each block in order, usage first and last."""
    start = {**_message(ask), "content": [], "stop_reason": None, "stop_sequence": None}
    out = [_event("message_start", message={**start, "usage": _usage(usage)})]
    for index, block in enumerate(answer.blocks):
        out.append(
            _event("content_block_start", index=index, content_block=_opened(block))
        )
        if index == 0:
            out.append(_event("ping"))
        out += [
            _event("content_block_delta", paced=True, index=index, delta=delta)
            for delta in _deltas(block)
        ]
        out.append(_event("content_block_stop", index=index))
    delta = _ending(ask, answer)
    out.append(_event("message_delta", delta=delta, usage=_usage(usage, answer)))
    out.append(_event("message_stop"))
    return out


def error_body(error: Rejected, request_id: str) -> dict[str, Any]:
    """Return the envelope of an error."""
    inner = {"type": error.error_type, "message": error.message}
    return {"type": "error", "error": inner, "request_id": request_id}


def error_event(error: Rejected, request_id: str) -> Event:
    """Return an error that comes in the middle of a stream."""
    return _event(**error_body(error, request_id))


def headers(request_id: str, reset: str) -> Headers:
    """Return the headers of every answer. `reset` is when limits are full again."""
    kinds = ("requests", "tokens", "input-tokens", "output-tokens")
    limits = (
        (f"anthropic-ratelimit-{kind}-{what}", value)
        for kind in kinds
        for what, value in (
            ("limit", "4000000"),
            ("remaining", "3999000"),
            ("reset", reset),
        )
    )
    organization = "00000000-0000-4000-8000-000000000000"
    return (
        ("request-id", request_id),
        ("anthropic-organization-id", organization),
        *limits,
    )


def _event(type: str, *, paced: bool = False, **fields: Any) -> Event:  # noqa: A002 - the wire's name
    data = msgspec.json.encode({"type": type, **fields})
    return Event(data=b"event: %b\ndata: %b\n\n" % (type.encode(), data), paced=paced)


def _message(ask: Ask) -> dict[str, Any]:
    return {
        "id": f"msg_{Dice(ask.digest, 'message').word(24)}",
        "type": "message",
        "role": "assistant",
        "model": ask.model,
    }


def _ending(ask: Ask, answer: Answer) -> dict[str, Any]:
    ending: dict[str, Any] = {
        "stop_reason": answer.stop_reason,
        "stop_sequence": answer.stop_sequence,
    }
    if answer.stop_reason == "refusal":
        explanation = "The simulator was told to refuse."
        ending["stop_details"] = {
            "type": "refusal",
            "category": None,
            "explanation": explanation,
        }
    if ask.fields.get("safeguards"):
        ending["safeguard_results"] = [_safeguard(answer)]
    return ending


def _safeguard(answer: Answer) -> dict[str, Any]:
    """Return the verdicts Claude Code's automatic mode waits for: nothing flagged."""
    verdict = {"type": "evaluated", "outcome": "not_flagged"}
    uses = {b.id: verdict for b in answer.blocks if isinstance(b, ToolUse)}
    status = {"type": "available", "tool_uses": uses}
    return {"type": "dangerous_tool_use", "status": status}


def _usage(usage: Usage, answer: Answer | None = None) -> dict[str, Any]:
    """Return the usage object; before the answer, one output token as the API has."""
    return {
        "input_tokens": usage.input_tokens,
        "cache_creation_input_tokens": usage.cache_write_5m_tokens
        + usage.cache_write_1h_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "output_tokens": answer.output_tokens if answer else 1,
        "output_tokens_details": {
            "thinking_tokens": answer.thinking_tokens if answer else 0
        },
        "service_tier": "standard",
        "inference_geo": "not_available",
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Text():
            return {"type": "text", "text": block.text}
        case Thinking():
            return {
                "type": "thinking",
                "thinking": block.thinking,
                "signature": block.signature,
            }
        case ToolUse():
            return {
                "type": "tool_use",
                "id": block.id,
                "name": block.name,
                "input": block.input,
            }


def _opened(block: Block) -> dict[str, Any]:
    """Return the block as it starts in a stream: empty but for its identity."""
    match block:
        case Text():
            return {"type": "text", "text": ""}
        case Thinking():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case ToolUse():
            return {**_block(block), "input": {}}


def _deltas(block: Block) -> Iterator[dict[str, Any]]:
    match block:
        case Text():
            for piece in pieces(block.text):
                yield {"type": "text_delta", "text": piece}
        case Thinking():
            for piece in pieces(block.thinking):
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": block.signature}
        case ToolUse():
            yield {"type": "input_json_delta", "partial_json": ""}
            for start in range(0, len(block.input_json), _JSON_PIECE_CHARS):
                piece = block.input_json[start : start + _JSON_PIECE_CHARS]
                yield {"type": "input_json_delta", "partial_json": piece}
