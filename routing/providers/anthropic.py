"""Anthropic, and any server that speaks its Messages API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from routing.errors import InvalidRequest
from routing.providers.base import Adapter, Upload
from routing.providers.building import key_of, outgoing, own_credential, ready_body
from routing.types import ChatRequest, Headers, Target


def build_request(request: ChatRequest, target: Target) -> httpx.Request:
    """Return the request to send: the client's own, with `target`'s model and key.

    A provider without a key, as local servers are, is asked without one. Raises
    ConfigurationError when its key should be there and is not, Forbidden when it is
    not to see the client's own key, InvalidRequest when the client's query cannot stand
    in an address, or when the request cannot be said in this API.
    """
    if request.native and request.native.beyond:
        raise InvalidRequest(request.native.beyond)
    framing, body = ready_body(request.body_for(target.model))
    built = _build(request, target, framing=framing, body=body)
    built.read()
    return built


def build_upload(request: ChatRequest, target: Target, upload: Upload) -> httpx.Request:
    """Return the request to send with `upload` as its body, still to be read.

    Raises as `build_request` does.
    """
    framing = ("transfer-encoding", "chunked")
    if upload.length_bytes is not None:
        framing = ("content-length", str(upload.length_bytes))
    return _build(request, target, framing=(framing,), body=_Chunks(upload))


ADAPTER = Adapter(label="Anthropic Messages API", build=build_request)


def _build(
    request: ChatRequest,
    target: Target,
    *,
    framing: Headers,
    body: httpx.SyncByteStream,
) -> httpx.Request:
    return outgoing(
        request.method,
        target,
        path=request.path,
        query=request.query,
        headers=(*request.headers, *_credential(request, target), *framing),
        body=body,
    )


class _Chunks(httpx.SyncByteStream):
    """The chunks of an upload as httpx names them."""

    def __init__(self, upload: Upload) -> None:
        self._chunks = upload.chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


def _credential(request: ChatRequest, target: Target) -> Headers:
    if own := own_credential(request, target):
        return (own,)
    key = key_of(target)
    return (("x-api-key", key),) if key else ()
