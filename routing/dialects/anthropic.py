"""The Anthropic Messages API as clients speak it: requests in, errors out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from routing.body import Fields, look, span_of
from routing.dialects.headers import (
    MAX_MESSAGES,
    MAX_MODEL_CHARS,
    MAX_TOOLS,
    check_length,
    headers_of_error,
    sorted_out,
    value_of,
)
from routing.errors import InvalidRequest, ProxyError
from routing.sse import encode_event
from routing.types import ChatRequest, Headers

T = TypeVar("T")

REQUEST_ID = "request-id"


class _Envelope(msgspec.Struct):
    type: str


_UNREADABLE = msgspec.json.encode(
    {
        "type": "error",
        "error": {
            "type": "api_error",
            "message": "The provider's answer cannot be read.",
        },
    }
)


def parse_request(
    body: bytes, *, headers: Headers, query: str = "", path: str = "/v1/messages"
) -> ChatRequest:
    """Return the request, read only as far as we act on it.

    Unknown fields, values and headers are kept. Raises InvalidRequest when the body is
    not a JSON object, when `model` or `messages` is missing, and when one of these,
    `stream` or `max_tokens` has a wrong type; the rest is the provider's to judge.
    """
    fields = look(body)
    model = _required(fields, "model", str, "a string")
    if len(model) > MAX_MODEL_CHARS:
        raise InvalidRequest(
            f"model: String should have at most {MAX_MODEL_CHARS} characters"
        )
    if "messages" not in fields:
        raise InvalidRequest("messages: Field required")
    _check_messages(bytes(fields["messages"]))
    check_length("tools", bytes(fields.get("tools", b"")), MAX_TOOLS)
    going_up, withheld = sorted_out(headers)
    return ChatRequest(
        body=body,
        fields=fields,
        model=model,
        model_span=span_of(body, fields, "model"),
        stream=value_of(fields, "stream", bool, "a boolean") or False,
        max_tokens=value_of(fields, "max_tokens", int, "an integer"),
        headers=going_up,
        withheld=withheld,
        query=query,
        path=path,
    )


def _check_messages(messages: bytes) -> None:
    if not messages.startswith(b"["):
        raise InvalidRequest("messages: Input should be a list")
    check_length("messages", messages, MAX_MESSAGES)


def forwarded(headers: Headers) -> Headers:
    """Return the headers that may go up: all but hop-by-hop, credentials and ours."""
    return sorted_out(headers)[0]


def render_error(error: ProxyError, request_id: str) -> bytes:
    """Return the body of our own `error`, in Anthropic's envelope."""
    said: dict[str, object] = {"type": error.error_type, "message": error.message}
    if error.error_code:
        said["details"] = {"error_code": error.error_code}
    return msgspec.json.encode(
        {"type": "error", "error": said, "request_id": request_id}
    )


def render_error_event(error: ProxyError, request_id: str) -> bytes:
    """Return `error` as an event of a stream that has begun already."""
    return encode_event("error", render_error(error, request_id))


def error_headers(error: ProxyError, request_id: str) -> Headers:
    """Return the headers that go with `render_error`."""
    common = headers_of_error(error, (REQUEST_ID, request_id))
    return (*common, *error.headers)


def limit_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return `headers` of a key's limits: they are named as here."""
    return headers


def error_event_of(body: bytes) -> bytes:
    """Return a whole error answer as an event, as it came if it is an envelope."""
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
        recognised = envelope.type == "error"
    except msgspec.DecodeError:
        recognised = False
    if not recognised:
        body = _UNREADABLE
    return encode_event("error", body)


def render_ping() -> bytes:
    """Return the event that keeps a waiting connection open."""
    return encode_event("ping", b'{"type": "ping"}')


def status_of(error: ProxyError) -> int:
    """Return the status of our own `error` as this dialect has it."""
    return error.status


def _required(fields: Fields, name: str, kind: type[T], words: str) -> T:
    value = value_of(fields, name, kind, words)
    if value is None or value == "":
        raise InvalidRequest(f"{name}: Field required")
    return value
