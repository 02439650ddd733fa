"""OpenAI's Chat Completions and Responses as clients speak them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

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
from routing.native import Native
from routing.sse import encode_event
from routing.translating.failures import chat_envelope, chat_error, chat_status
from routing.translating.message_to_answer import PING
from routing.translating.request_to_messages import messages_request, only_in_chat
from routing.translating.values import (
    LIMITS,
    CannotBeSaid,
)
from routing.types import ChatRequest, Headers

REQUEST_ID = "x-request-id"
CHAT_PATH = "/v1/chat/completions"
RESPONSES_PATH = "/v1/responses"
# Of a request of the Responses API: what its prompt is, and who may run tools.
_RESPONSES_FIELDS = ("model", "instructions", "tools", "input")
# What the internal form can leave out and still be judged by.
_NOT_JUDGED_BY = ("logprobs",)
# Only these go to a provider of another dialect: the rest is about an account there.
_FOR_ANYBODY = ("user-agent", "x-claude-code-session-id", "x-claude-code-agent-id")
_INTERNAL_HEADERS: Headers = (
    ("content-type", "application/json"),
    ("anthropic-version", "2023-06-01"),
)

_RATE_LIMIT = re.compile("anthropic-ratelimit-([a-z]+)-(limit|remaining|reset)")
# Source: OpenAI documentation, "Error codes": a spent budget, which asking again does
# not fill.
_CODES = {"enforced_spend_limit_reached": "insufficient_quota"}


def parse_request(
    body: bytes, *, headers: Headers, query: str = "", path: str = CHAT_PATH
) -> ChatRequest:
    """Return the request: its internal form, and its own bytes beside it.

    What the internal form has no words for is left out there, and said in
    `native.beyond`. Raises InvalidRequest when the body is not a JSON object, when
    `model` or `messages` is missing, `stream` is no boolean, and when there are more
    messages or tools than anybody could mean.
    """
    fields = look(body)
    model = _model(fields)
    _check_lists(fields)
    span = span_of(body, fields, "model")
    stream = value_of(fields, "stream", bool, "a boolean") or False
    asked = _parsed(fields)
    going_up, withheld = sorted_out(headers)
    internal, beyond, judgeable = _internal(asked, model, body)
    options = asked.get("stream_options")
    native = Native(
        body=body,
        model=model,
        model_span=span,
        path=path,
        headers=going_up,
        beyond=beyond,
        judgeable=judgeable,
        fields=fields,
        include_usage=bool(
            isinstance(options, Mapping) and options.get("include_usage")
        ),
    )
    told = look(internal)
    return ChatRequest(
        body=internal,
        fields=told,
        model=model,
        model_span=span_of(internal, told, "model"),
        stream=stream,
        max_tokens=_limit(asked),
        headers=_for_anybody(going_up),
        withheld=withheld,
        query=query,
        native=native,
        spoken="openai",
    )


def parse_responses_request(
    body: bytes, *, headers: Headers, query: str = "", path: str = RESPONSES_PATH
) -> ChatRequest:
    """Return a request of the Responses API, which is passed on and never judged.

    Raises InvalidRequest when the body is not a JSON object or names no model.
    """
    fields = look(body)
    model = _model(fields)
    span = span_of(body, fields, "model")
    going_up, withheld = sorted_out(headers)
    native = Native(
        body=body,
        model=model,
        model_span=span,
        path=path,
        headers=going_up,
        beyond="The Responses API is spoken by OpenAI's models here, by no others.",
        judgeable=False,
        fields=fields,
    )
    return ChatRequest(
        body=body,
        fields={name: fields[name] for name in _RESPONSES_FIELDS if name in fields},
        model=model,
        model_span=span,
        stream=value_of(fields, "stream", bool, "a boolean") or False,
        max_tokens=value_of(fields, "max_output_tokens", int, "an integer"),
        headers=_for_anybody(going_up),
        withheld=withheld,
        query=query,
        path=path,
        native=native,
        spoken="openai",
    )


def render_error(error: ProxyError, request_id: str) -> bytes:
    """Return the body of our own `error`, in OpenAI's envelope."""
    del request_id  # it stands in the header
    envelope = chat_envelope(error.error_type, error.message)
    if code := error.error_code:
        envelope["error"]["code"] = _CODES.get(code, code)
    return msgspec.json.encode(envelope)


def render_error_event(error: ProxyError, request_id: str) -> bytes:
    """Return `error` as data of a stream that has begun already."""
    return encode_event("", render_error(error, request_id))


def error_headers(error: ProxyError, request_id: str) -> Headers:
    """Return the headers that go with `render_error`."""
    common = headers_of_error(error, (REQUEST_ID, request_id))
    return (*common, *limit_headers(dict(error.headers)).items())


def limit_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return what `headers` tell of a key's limits, named as OpenAI does."""
    found = {}
    for name, value in headers.items():
        if (limit := _RATE_LIMIT.fullmatch(name)) is not None:
            of_what, what = limit.groups()
            told = _until(value) if what == "reset" else value
            found[f"x-ratelimit-{what}-{of_what}"] = told
    return found


def error_event_of(body: bytes) -> bytes:
    """Return a whole error answer as data of a stream, as it came if it is one."""
    try:
        recognised = b'"error"' in body and msgspec.json.decode(body) is not None
    except (ValueError, RecursionError):
        recognised = False
    return encode_event("", body if recognised else chat_error(body, 502))


def render_ping() -> bytes:
    """Return what keeps a stream open and means nothing."""
    return PING


def status_of(error: ProxyError) -> int:
    """Return the status of our own `error` as this dialect has it."""
    return chat_status(error.status)


def _until(moment: str) -> str:
    wait = datetime.fromisoformat(moment) - datetime.now(UTC)
    return f"{max(0, round(wait.total_seconds()))}s"


def _model(fields: Fields) -> str:
    model = value_of(fields, "model", str, "a string")
    if not model:
        raise InvalidRequest("model: a string is required.")
    if len(model) > MAX_MODEL_CHARS:
        raise InvalidRequest(f"model: at most {MAX_MODEL_CHARS} characters.")
    return model


def _check_lists(fields: Fields) -> None:
    messages = bytes(fields.get("messages", b""))
    if not messages.startswith(b"["):
        raise InvalidRequest("messages: an array is required.")
    check_length("messages", messages, MAX_MESSAGES)
    check_length("tools", bytes(fields.get("tools", b"")), MAX_TOOLS)


def _parsed(fields: Fields) -> dict[str, Any]:
    try:
        return {name: msgspec.json.decode(raw) for name, raw in fields.items()}
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is nested too deeply.") from None


def _limit(asked: Mapping[str, Any]) -> int | None:
    """Return the most output tokens that are asked for, in all choices together.

    None where nothing says so; what is no number from 1, or might be read as one by a
    lenient server, is -1.
    """
    limits = [asked[name] for name in LIMITS if asked.get(name) is not None]
    choices = asked.get("n")
    if not limits:
        return None
    told = [*limits, 1 if choices is None else choices]
    if not all(type(value) is int and value > 0 for value in told):
        return -1
    return int(max(limits) * told[-1])


def _internal(
    asked: dict[str, Any], model: str, body: bytes
) -> tuple[bytes, str, bool]:
    """Return the internal form, why no other dialect has it, and whether to judge by.

    A request that has none stands there as it came: enough to tell it from others.
    """
    name = only_in_chat(asked)
    beyond = f"{name}: this model's provider has no such parameter." if name else ""
    rest = {key: value for key, value in asked.items() if key != name}
    if only_in_chat(rest):
        return body, beyond, False
    try:
        internal = msgspec.json.encode(messages_request(rest, model=model))
    except CannotBeSaid as error:
        return body, error.message, False
    return internal, beyond, not name or name in _NOT_JUDGED_BY


def _for_anybody(headers: Headers) -> Headers:
    kept = tuple(header for header in headers if header[0] in _FOR_ANYBODY)
    return (*_INTERNAL_HEADERS, *kept)
