"""A whole message -> the events that tell it, for answers that came in another dialect.

An answer that came as events is served from those. What is made here reads alike in
`routing.streams.fold` and in the vendor's own clients. Source: Anthropic API reference,
"Streaming messages"; how clients read events: the accumulators of the Python SDK.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import msgspec

from routing.sse import encode_event

Json = dict[str, Any]

# What is known at the end only. Clients read every other key of a message from its
# start, so that is where unknown ones stand.
_IN_DELTA = (
    "stop_reason",
    "stop_sequence",
    "stop_details",
    "container",
    "safeguard_results",
)
_BESIDE_DELTA = ("context_management",)

# What of a block comes after its start, by the block's type.
_GROWING = {
    "text": ("text", "citations"),
    "thinking": ("thinking", "signature"),
    "tool_use": ("input",),
    "server_tool_use": ("input",),
}


def replay(message: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return the events that tell `message`, unknown keys and blocks included.

    Its `content` is a list of objects. A text, a thinking, a tool's input comes in one
    delta; blocks of other types, and values of another type than usual, whole where
    their block starts. The vendor's clients fail on a stream without usage; a message
    without it gets none.
    """
    blocks = enumerate(message["content"])
    told = [event for index, block in blocks for event in _block(index, block)]
    return (_start(message), *told, _end(message), _event("message_stop"))


def _start(message: Mapping[str, Any]) -> bytes:
    later: Json = {k: None for k in (*_IN_DELTA, *_BESIDE_DELTA) if k in message}
    usage = message.get("usage")
    if isinstance(usage, Mapping) and isinstance(usage.get("output_tokens"), int):
        # Nothing was put out by then, and some clients add this count to the last.
        later["usage"] = {**usage, "output_tokens": 0}
    return _event("message_start", message={**message, **later, "content": []})


def _end(message: Mapping[str, Any]) -> bytes:
    delta = {key: message[key] for key in _IN_DELTA if key in message}
    beside = {key: message[key] for key in _BESIDE_DELTA if key in message}
    usage = message.get("usage")
    if isinstance(usage, Mapping):
        beside["usage"] = usage
    return _event("message_delta", delta=delta, **beside)


def _block(index: int, block: Json) -> Iterator[bytes]:
    growth = _growth(block)
    started = block | {key: type(block[key])() for key in growth}
    yield _event("content_block_start", index=index, content_block=started)
    for delta in chain.from_iterable(growth.values()):
        yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _growth(block: Json) -> dict[str, list[Json]]:
    """Return the keys that are empty when `block` starts, with what they grow by."""
    keys = _GROWING.get(str(block.get("type")), ())
    growth = {key: _deltas(key, block.get(key)) for key in keys}
    return {key: deltas for key, deltas in growth.items() if deltas}


def _deltas(key: str, value: Any) -> list[Json]:
    """Return what makes an empty `key` into `value`; [] when nothing does."""
    match key, value:
        case "input", dict() if value:
            text = msgspec.json.encode(value).decode()
            return [{"type": "input_json_delta", "partial_json": text}]
        case "citations", list():
            return [{"type": "citations_delta", "citation": one} for one in value]
        case "text" | "thinking" | "signature", str() if value:
            return [{"type": f"{key}_delta", key: value}]
    return []


def _event(name: str, **data: Any) -> bytes:
    return encode_event(name, msgspec.json.encode({"type": name} | data))
