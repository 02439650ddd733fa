"""What client and upstream say to one another: models, requests, canned answers.

A model's name says what the upstream does when it is asked: `answer-1000ms` answers
whole after a second, `events-20ms` streams with an event every 20 ms. The proxy has a
rule for the same names after `ruled-`, whose draft is the name after `draft-`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

CHUNKS = 50
ANSWER_LATENCIES_MS = (0, 1000)
EVENT_INTERVALS_MS = (20, 100)
RULED, DRAFT = "ruled-", "draft-"

# The moment an event was sent, in ns of the monotonic clock that processes share.
STAMP_DIGITS = 19
STAMP = re.compile(rb"t(\d{19}) ")
FIRST_EVENT, LAST_EVENT = b"event: message_start", b"event: message_stop"
LAST_CHUNK = b"0\r\n\r\n"

_WORDS = "The quick brown fox jumps over the lazy dog while numbers stay as they are. "
_USAGE = {
    "input_tokens": 512,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 128,
    "output_tokens": 200,
    "service_tier": "standard",
}
# What the official SDK sends beside key and body.
_SDK_HEADERS = (
    "Accept: application/json\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: Anthropic/Python 0.116.0\r\n"
    "X-Stainless-Lang: python\r\n"
    "X-Stainless-Package-Version: 0.116.0\r\n"
    "X-Stainless-OS: Linux\r\n"
    "X-Stainless-Arch: x64\r\n"
    "X-Stainless-Runtime: CPython\r\n"
    "X-Stainless-Runtime-Version: 3.11.9\r\n"
    "X-Stainless-Async: false\r\n"
    "X-Stainless-Retry-Count: 0\r\n"
    "X-Stainless-Read-Timeout: 600\r\n"
    "X-Stainless-Timeout: 600\r\n"
    "anthropic-version: 2023-06-01\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the upstream does for one model. `interval_s` is 0 for whole answers."""

    latency_s: float = 0.0
    interval_s: float = 0.0
    answer: bytes = b""


def answer_model(latency_ms: int) -> str:
    """Return the model that answers whole after `latency_ms`."""
    return f"answer-{latency_ms}ms"


def event_model(interval_ms: int) -> str:
    """Return the model that streams `CHUNKS` events, one every `interval_ms`."""
    return f"events-{interval_ms}ms"


def models() -> tuple[str, ...]:
    """Return the models the upstream knows, without `ruled-` and `draft-`."""
    answers = map(answer_model, ANSWER_LATENCIES_MS)
    return (*answers, *map(event_model, EVENT_INTERVALS_MS))


def scripts() -> dict[bytes, Script]:
    """Return what the upstream does, by the model it is asked for."""
    known = {}
    for prefix in ("", DRAFT):
        for ms in ANSWER_LATENCIES_MS:
            name = prefix + answer_model(ms)
            known[name.encode()] = Script(
                latency_s=ms / 1000, answer=_whole_answer(name)
            )
        for ms in EVENT_INTERVALS_MS:
            name = prefix + event_model(ms)
            known[name.encode()] = Script(
                interval_s=ms / 1000, answer=_stream_start(name)
            )
    return known


def request(model: str, *, key: str, stream: bool = False) -> bytes:
    """Return a request as a small chat sends it: 2 KB of body, the SDK's headers."""
    body = msgspec.json.encode(
        {
            "max_tokens": 1024,
            "messages": [
                {"role": "user", "content": _WORDS * 12},
                {"role": "assistant", "content": _WORDS * 6},
                {"role": "user", "content": _WORDS * 4},
            ],
            "model": model,
            "system": _WORDS * 5,
            **({"stream": True} if stream else {}),
        }
    )
    head = (
        "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"{_SDK_HEADERS}X-Api-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def stream_event(stamp_ns: int) -> bytes:
    """Return one event of a stream, as an HTTP chunk, that says when it was sent."""
    text = f"t{stamp_ns:0{STAMP_DIGITS}d} "
    delta = {"type": "text_delta", "text": text}
    return _chunk(_event("content_block_delta", {"index": 0, "delta": delta}))


def stream_end() -> bytes:
    """Return the last events of a stream and the end of its body."""
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    events = (
        _event("content_block_stop", {"index": 0}),
        _event("message_delta", {"delta": stop, "usage": {"output_tokens": CHUNKS}}),
        _event("message_stop", {}),
    )
    return _chunk(b"".join(events)) + LAST_CHUNK


def _stream_start(model: str) -> bytes:
    message = _message(model) | {"content": [], "stop_reason": None}
    block = {"type": "text", "text": ""}
    events = (
        _event("message_start", {"message": message}),
        _event("content_block_start", {"index": 0, "content_block": block}),
    )
    head = _head("text/event-stream; charset=utf-8", "transfer-encoding: chunked")
    return head + _chunk(b"".join(events))


def _whole_answer(model: str) -> bytes:
    body = msgspec.json.encode(_message(model))
    return _head("application/json", f"content-length: {len(body)}") + body


def _message(model: str) -> dict[str, object]:
    return {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "An answer. " + _WORDS * 8}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": _USAGE,
    }


def _head(content_type: str, framing: str) -> bytes:
    return (
        f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n"
        "request-id: req_011CSHoEeqs5C35K2UUqR7Fy\r\n"
        "anthropic-ratelimit-requests-limit: 4000\r\n"
        "anthropic-ratelimit-requests-remaining: 3999\r\n"
        "anthropic-organization-id: 00000000-0000-0000-0000-000000000000\r\n\r\n"
    ).encode()


def _event(name: str, data: dict[str, object]) -> bytes:
    encoded = msgspec.json.encode({"type": name, **data})
    return f"event: {name}\ndata: ".encode() + encoded + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
