"""Error answers of one API in the envelope of the other.

Servers that call themselves compatible send a dozen shapes; none of them reaches a
client of the Messages API. Source: both API references, "Errors"; the envelopes of
vLLM, Ollama, llama.cpp and FastAPI.
"""

from __future__ import annotations

from typing import Any

import msgspec

from routing.errors import STATUS_OF_TYPE
from routing.translating.values import Json, mapping, string

MAX_MESSAGE_CHARS = 4_000
# The model wrote a tool call its own server cannot read: no fault of the request's.
# Source: Groq, "Tool use", error codes.
BAD_TOOL_CALL = "tool_use_failed"
BAD_TOOL_CALL_STATUS = 502

_TYPE_BY_STATUS = {status: name for name, status in STATUS_OF_TYPE.items()} | {
    503: "overloaded_error"
}
# Chat Completions has no such status; 503 is what its clients wait for.
_STATUS_IN_CHAT = {529: 503}
_CODES = {
    "authentication_error": "invalid_api_key",
    "rate_limit_error": "rate_limit_exceeded",
    "request_too_large": "request_too_large",
}


def messages_error(status: int, body: bytes) -> tuple[int, bytes]:
    """Return status and body for clients of the Messages API."""
    told = _decoded(body)
    if _code(told) == BAD_TOOL_CALL:
        status = BAD_TOOL_CALL_STATUS
    error = {"type": error_type(status), "message": _message(told, status)}
    return status, msgspec.json.encode({"type": "error", "error": error})


def messages_stream_error(error: Any) -> Json:
    """Return the data of an `error` event for an error in a stream of chunks."""
    code = mapping(error).get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    inner = {"type": error_type(status), "message": _message({"error": error}, status)}
    return {"type": "error", "error": inner}


def error_type(status: int) -> str:
    """Return the `error.type` that goes with `status` in the Messages API."""
    usual = "invalid_request_error" if 400 <= status < 500 else "api_error"
    return _TYPE_BY_STATUS.get(status, usual)


def chat_status(status: int) -> int:
    """Return the status Chat Completions has for a status of the Messages API."""
    return _STATUS_IN_CHAT.get(status, status)


def chat_error(body: bytes, status: int) -> bytes:
    """Return an error answer of the Messages API as Chat Completions has it."""
    told = _decoded(body)
    kind = string(mapping(told, "error").get("type")) or error_type(status)
    return msgspec.json.encode(chat_envelope(kind, _message(told, status)))


def chat_envelope(kind: str, message: str) -> Json:
    """Return the error object of Chat Completions for an `error.type` of ours."""
    known = {
        "message": message,
        "type": _chat_type(kind),
        "param": None,
        "code": _CODES.get(kind),
    }
    return {"error": known}


def _chat_type(kind: str) -> str:
    if kind in ("rate_limit_error", "permission_error"):
        return kind
    if kind in ("api_error", "overloaded_error", "timeout_error"):
        return "server_error"
    return "invalid_request_error"


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _code(told: Any) -> str:
    return string(mapping(told, "error").get("code"))


def _message(told: Any, status: int) -> str:
    """The words of an error, wherever its server put them; never a page's text."""
    inner = mapping(told, "error")
    places = (
        inner.get("message"),
        mapping(told).get("error"),
        mapping(told).get("message"),
        mapping(told).get("detail"),
    )
    found = next((text for text in map(string, places) if text), "")
    return found[:MAX_MESSAGE_CHARS] or f"The provider answered {status}."
