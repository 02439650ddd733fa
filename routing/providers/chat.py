"""What all servers that speak the Chat Completions API share.

A client that speaks it too is passed on byte for byte; for any other the request is
translated, and the reply back into the internal form.
"""

from __future__ import annotations

import httpx
import msgspec

from routing.body import edited, edits_for
from routing.errors import InvalidRequest, ProxyError
from routing.native import Native
from routing.prompt_size import estimated_prompt_tokens
from routing.providers.building import key_of, outgoing, own_credential, ready_body
from routing.translating.meters import counts_for_us
from routing.translating.replies import TranslatedReply
from routing.translating.request_to_chat import chat_request
from routing.types import ChatRequest, Headers, Reply, Target

PATH = "/v1/chat/completions"
_INTERNAL_PATH = "/v1/messages"
# Source: OpenAI API reference, "Authentication": with a key of another account, 401.
_OF_ACCOUNTS = ("openai-organization", "openai-project")
_OWN_HEADERS: Headers = (
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
    ("accept-encoding", "identity"),
    ("user-agent", "cascadeproxy"),
)


def build_request(request: ChatRequest, target: Target) -> httpx.Request:
    """Return the request to send, with `target`'s model and key.

    Raises ConfigurationError when its key should be there and is not, Forbidden when it
    is not to see the client's own key, InvalidRequest for what cannot be said in this
    API.
    """
    path, headers, content = _said(request, target)
    framing, body = ready_body(content)
    built = outgoing(
        request.method,
        target,
        path=path,
        query="" if path == PATH and request.native is None else request.query,
        headers=(*headers, *_credential(request, target), *framing),
        body=body,
    )
    built.read()
    return built


def present(reply: Reply, request: ChatRequest) -> Reply:
    """Return `reply` as whoever asked is to see it: as it came, or translated.

    Raises UpstreamError and ClientGone for an error answer that breaks off; the reply
    is closed then.
    """
    if request.native is not None or request.path != _INTERNAL_PATH:
        return reply
    try:
        return TranslatedReply(
            reply,
            stream=request.stream,
            prompt_tokens=estimated_prompt_tokens(request),
        )
    except ProxyError:
        reply.close()
        raise


def _said(request: ChatRequest, target: Target) -> tuple[str, Headers, bytes]:
    """Return path, headers and body of what is sent."""
    if request.native is not None:
        native = request.native
        headers = _of_the_key(native.headers, request)
        if counts_for_us(request, target):
            body = _asking_for_usage(native, target.model)
            return native.path, _in_plain(headers), body
        return native.path, headers, native.body_for(target.model)
    if request.method == "GET":
        return request.path, request.headers, b""
    if request.path != _INTERNAL_PATH:
        raise InvalidRequest(
            f"The provider of the model {target.model} has no such endpoint."
        )
    asked = chat_request(
        _parsed(request),
        model=target.model,
        quirks=target.provider.quirks,
        prefill=target.facts.prefill is True,
    )
    return PATH, _OWN_HEADERS, msgspec.json.encode(asked)


def _of_the_key(headers: Headers, request: ChatRequest) -> Headers:
    """Return `headers` without those that name the account of another key."""
    if request.credential:
        return headers
    return tuple(header for header in headers if header[0] not in _OF_ACCOUNTS)


def _in_plain(headers: Headers) -> Headers:
    """Return `headers` as they ask for a stream we can take a chunk out of."""
    others = (header for header in headers if header[0] != "accept-encoding")
    return (*others, ("accept-encoding", "identity"))


def _asking_for_usage(native: Native, model: str) -> bytes:
    """Return the body for `model` that asks for its usage too, all else as it was."""
    try:
        options = msgspec.json.decode(native.fields.get("stream_options", b"{}"))
    except ValueError:
        options = {}
    told = {**(options if isinstance(options, dict) else {}), "include_usage": True}
    changes: dict[str, bytes | None] = {"stream_options": msgspec.json.encode(told)}
    if model != native.model:
        changes["model"] = msgspec.json.encode(model)
    return edited(native.body, edits_for(native.body, native.fields, changes))


def _parsed(request: ChatRequest) -> dict[str, object]:
    try:
        return {name: msgspec.json.decode(raw) for name, raw in request.fields.items()}
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not valid JSON.") from None


def _credential(request: ChatRequest, target: Target) -> Headers:
    if own := own_credential(request, target):
        name, value = own
        return (("authorization", value if name != "x-api-key" else f"Bearer {value}"),)
    key = key_of(target)
    return (("authorization", f"Bearer {key}"),) if key else ()
