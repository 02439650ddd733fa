"""The Anthropic Messages API as clients speak it: requests in, errors out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from routing.body import Fields, look, span_of
from routing.errors import InvalidRequest, ProxyError
from routing.sse import encode_event
from routing.types import ChatRequest, Headers

T = TypeVar("T")

# Longer than any name; what a client writes here goes into logs and decisions.
MAX_MODEL_CHARS = 256
# Source: Anthropic API reference, "Create a Message".
MAX_MESSAGES = 100_000
MAX_TOOLS = 10_000

CREDENTIAL_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-api-key"}
)
# Hop-by-hop (RFC 9110, 7.6.1), about this connection, or for us.
WITHHELD_HEADERS = frozenset(
    {
        "cascade-hop",
        "connection",
        "content-length",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-cascade",
        "x-real-ip",
    }
)
WITHHELD_STARTS = ("x-forwarded-", "x-cascade-")


class _Entry(msgspec.Struct, gc=False, frozen=True):
    """An object of a list that is only counted."""


_ENTRIES = msgspec.json.Decoder(list[_Entry])


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
    _check_length("tools", bytes(fields.get("tools", b"")), MAX_TOOLS)
    going_up, withheld = _sorted_out(headers)
    return ChatRequest(
        body=body,
        fields=fields,
        model=model,
        model_span=span_of(body, fields, "model"),
        stream=_optional(fields, "stream", bool, "a boolean") or False,
        max_tokens=_optional(fields, "max_tokens", int, "an integer"),
        headers=going_up,
        withheld=withheld,
        query=query,
        path=path,
    )


def _check_messages(messages: bytes) -> None:
    if not messages.startswith(b"["):
        raise InvalidRequest("messages: Input should be a list")
    _check_length("messages", messages, MAX_MESSAGES)


def _check_length(name: str, entries: bytes, most: int) -> None:
    if entries.count(b"{") <= most:  # or they need not be counted
        return
    try:
        count = len(_ENTRIES.decode(entries))
    except (msgspec.DecodeError, RecursionError):
        return
    if count > most:
        raise InvalidRequest(f"{name}: List should have at most {most} items")


def forwarded(headers: Headers) -> Headers:
    """Return the headers that may go up: all but hop-by-hop, credentials and ours."""
    return _sorted_out(headers)[0]


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
    headers = [("content-type", "application/json"), ("request-id", request_id)]
    if error.should_retry is not None:
        headers.append(("x-should-retry", "true" if error.should_retry else "false"))
    if error.retry_after_s is not None:
        headers.append(("retry-after", f"{error.retry_after_s:g}"))
    return (*headers, *error.headers)


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


def _sorted_out(headers: Headers) -> tuple[Headers, Headers]:
    """Return the headers that go up and those that do not, credentials in neither."""
    named = _named_by_connection(headers)
    going_up: list[tuple[str, str]] = []
    withheld: list[tuple[str, str]] = []
    for name, value in headers:
        if name in CREDENTIAL_HEADERS:
            continue
        stays = (
            name in WITHHELD_HEADERS
            or name in named
            or name.startswith(WITHHELD_STARTS)
        )
        (withheld if stays else going_up).append((name, value))
    return tuple(going_up), tuple(withheld)


def _named_by_connection(headers: Headers) -> Iterable[str]:
    for name, value in headers:
        if name == "connection":
            return {option.strip().lower() for option in value.split(",")}
    return ()


def _required(fields: Fields, name: str, kind: type[T], words: str) -> T:
    value = _optional(fields, name, kind, words)
    if value is None or value == "":
        raise InvalidRequest(f"{name}: Field required")
    return value


def _optional(
    fields: Mapping[str, msgspec.Raw], name: str, kind: type[T], words: str
) -> T | None:
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=kind | None)
    except msgspec.DecodeError:
        raise InvalidRequest(f"{name}: Input should be {words}") from None
