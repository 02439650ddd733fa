"""Anthropic, and any server that speaks its Messages API."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import httpx

from routing.errors import ConfigurationError, Forbidden, InvalidRequest
from routing.providers.base import Upload
from routing.types import ChatRequest, Headers, Target

REMEMBERED_URLS = 256


def build_request(request: ChatRequest, target: Target) -> httpx.Request:
    """Return the request to send: the client's own, with `target`'s model and key.

    A provider without a key, as local servers are, is asked without one. Raises
    ConfigurationError when its key should be there and is not, Forbidden when it is
    not to see the client's own key, InvalidRequest when the client's query cannot stand
    in an address.
    """
    body = request.body_for(target.model)
    framing = (("content-length", str(len(body))),) if body else ()
    built = _build(request, target, framing=framing, body=httpx.ByteStream(body))
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


def _build(
    request: ChatRequest,
    target: Target,
    *,
    framing: Headers,
    body: httpx.SyncByteStream,
) -> httpx.Request:
    address = target.provider.base_url + request.path
    url = _url(f"{address}?{request.query}" if request.query else address)
    if _origin(url) != _origin(_url(target.provider.base_url)):
        raise InvalidRequest("The address of the request cannot be sent on.")
    headers = [("host", url.netloc.decode()), *request.headers]
    headers += [*_credential(request, target), *framing]
    # In bytes: a value may hold any of Latin-1, and httpx would try ASCII. With the
    # body as a stream it adds no header of its own.
    return httpx.Request(
        request.method,
        url,
        headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers],
        stream=body,
    )


class _Chunks(httpx.SyncByteStream):
    """The chunks of an upload as httpx names them."""

    def __init__(self, upload: Upload) -> None:
        self._chunks = upload.chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


@lru_cache(maxsize=REMEMBERED_URLS)
def _url(address: str) -> httpx.URL:
    # Parsing takes as long as building all the rest of a request.
    try:
        return httpx.URL(address)
    except httpx.InvalidURL:
        raise InvalidRequest("The address of the request cannot be sent on.") from None


def _origin(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc


def _credential(request: ChatRequest, target: Target) -> Headers:
    if request.credential:
        if not target.provider.takes_client_credentials:
            raise Forbidden(
                f"Your own key may not be sent to the provider {target.provider.name}, "
                f"which owns the model {target.model}."
            )
        return (request.credential,)
    if target.provider.trouble:
        raise ConfigurationError(target.provider.trouble)
    key = target.provider.api_key
    return (("x-api-key", key),) if key else ()
