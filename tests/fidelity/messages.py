"""Bytes of the Messages API as rows write them: requests, whole answers, streams."""

from __future__ import annotations

import json
from typing import Any

from tests.fidelity.recording_upstream import Pairs, Script

Json = dict[str, Any]

USAGE: Json = {"input_tokens": 20, "output_tokens": 10}
COMMON: Pairs = (("request-id", "req_@LEG@"),)
JSON: Pairs = (("content-type", "application/json"), *COMMON)
EVENTS: Pairs = (
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-cache"),
    *COMMON,
)
TEXT: Json = {"type": "text", "text": "It is \u4f60\u597d: four."}

# How much of a block comes in its start event, and what deltas bring the rest.
_DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "compaction": ("compaction_delta", "content"),
}
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")


def encoded(value: Any) -> bytes:
    """JSON with white space that ours would not write, and no escapes."""
    return json.dumps(value, ensure_ascii=False).encode()


def user(*blocks: Json | str) -> Json:
    """A message of the user; one string is its whole content."""
    return {"role": "user", "content": _content(blocks)}


def assistant(*blocks: Json | str) -> Json:
    """A message of the assistant."""
    return {"role": "assistant", "content": _content(blocks)}


def request(*messages: Json, **fields: Any) -> bytes:
    """A request body; `fields` stand after the usual ones, or replace them."""
    usual = {
        "model": "@MODEL@",
        "max_tokens": 1024,
        "messages": list(messages) or [user("What is 2 + 2?")],
    }
    return encoded(usual | fields)


def message(*blocks: Json, usage: Json = USAGE, **keys: Any) -> Script:
    """A whole answer."""
    usual = {
        "id": "msg_@LEG@",
        "type": "message",
        "role": "assistant",
        "model": "@MODEL@",
        "content": list(blocks) or [TEXT],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    return whole(encoded(usual | keys))


def whole(body: bytes, *, status: int = 200, headers: Pairs = JSON) -> Script:
    """An answer in one piece."""
    return Script(status=status, headers=headers, pieces=(body,))


def error(status: int, kind: str, *headers: tuple[str, str], **keys: Any) -> Script:
    """An error of the provider in its envelope; `keys` are of the error itself."""
    told = {"type": kind, "message": f"{kind} of @LEG@"} | keys
    body = {"type": "error", "error": told, "request_id": "req_@LEG@"}
    return whole(encoded(body), status=status, headers=(*JSON, *headers))


def stream(*blocks: Json, usage: Json = USAGE, **delta: Any) -> Script:
    """A whole stream, an event a piece; `delta` are keys of the `message_delta`."""
    inner = [e for i, b in enumerate(blocks or (TEXT,)) for e in block_events(i, b)]
    return live(start(), *inner, *end(usage=usage, **delta))


def live(*events: bytes, **script: Any) -> Script:
    """A stream of these pieces; the client reads each before the next is sent."""
    gates = frozenset(n for n, piece in enumerate(events) if piece[-2:] in _ENDS)
    usual: Json = {"headers": EVENTS, "framing": "chunked", "gates": gates}
    return Script(pieces=events, **(usual | script))


_ENDS = (b"\n\n", b"\r\r")


def start(**keys: Any) -> bytes:
    """The `message_start`; `keys` are of its message."""
    started = {
        "id": "msg_@LEG@",
        "type": "message",
        "role": "assistant",
        "model": "@MODEL@",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 20, "output_tokens": 1},
    }
    return event("message_start", message=started | keys)


def end(*, usage: Json = USAGE, **delta: Any) -> tuple[bytes, bytes]:
    """The `message_delta` and `message_stop`."""
    told = {"stop_reason": "end_turn", "stop_sequence": None} | delta
    return event("message_delta", delta=told, usage=usage), event("message_stop")


def event(name: str, /, **data: Any) -> bytes:
    """One event."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), encoded({"type": name} | data))


def delta(kind: str, index: int = 0, /, **keys: Any) -> bytes:
    """One `content_block_delta`."""
    return event("content_block_delta", index=index, delta={"type": kind} | keys)


def block_events(index: int, block: Json) -> list[bytes]:
    """The events of one block: whole in its start, or grown by deltas."""
    begun, deltas = _grown(index, block)
    return [
        event("content_block_start", index=index, content_block=begun),
        *deltas,
        event("content_block_stop", index=index),
    ]


def _grown(index: int, block: Json) -> tuple[Json, list[bytes]]:
    kind = block["type"]
    if kind in _CALLS:
        halves = _halves(json.dumps(block["input"]))
        parts = [delta("input_json_delta", index, partial_json=h) for h in halves]
        return block | {"input": {}}, parts
    if kind not in _DELTAS:
        return block, []
    name, key = _DELTAS[kind]
    parts = [delta(name, index, **{key: half}) for half in _halves(block[key])]
    parts += [
        delta("citations_delta", index, citation=citation)
        for citation in block.get("citations") or ()
    ]
    if "signature" in block:
        parts.append(delta("signature_delta", index, signature=block["signature"]))
    emptied = {key: "", "signature": "", "citations": []}
    return block | {k: v for k, v in emptied.items() if k in block}, parts


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def _content(blocks: tuple[Json | str, ...]) -> Any:
    return blocks[0] if isinstance(blocks[0], str) else list(blocks)
