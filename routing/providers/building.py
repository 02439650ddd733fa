"""What adapters share in making a request: its address, its headers, whose key."""

from __future__ import annotations

from functools import lru_cache

import httpx

from routing.errors import ConfigurationError, Forbidden, InvalidRequest
from routing.types import ChatRequest, Headers, Target

REMEMBERED_URLS = 256


def outgoing(
    method: str,
    target: Target,
    *,
    path: str,
    query: str = "",
    headers: Headers,
    body: httpx.SyncByteStream,
) -> httpx.Request:
    """Return the request to send to the provider of `target`, and nowhere else.

    `headers` are complete but for the host. Raises InvalidRequest when path and query
    cannot stand in an address there.
    """
    address = target.provider.base_url + path
    url = _url(f"{address}?{query}" if query else address)
    if _origin(url) != _origin(_url(target.provider.base_url)):
        raise InvalidRequest("The address of the request cannot be sent on.")
    named = (("host", url.netloc.decode()), *headers)
    # In bytes: a value may hold any of Latin-1, and httpx would try ASCII. With the
    # body as a stream it adds no header of its own.
    return httpx.Request(
        method,
        url,
        headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in named],
        stream=body,
    )


def ready_body(body: bytes) -> tuple[Headers, httpx.SyncByteStream]:
    """Return the framing headers and the stream of a body that is all there."""
    framing = (("content-length", str(len(body))),) if body else ()
    return framing, httpx.ByteStream(body)


def own_credential(request: ChatRequest, target: Target) -> tuple[str, str] | None:
    """Return the header with the client's own key, when that is to be sent; else None.

    Raises Forbidden when the provider is not to see it.
    """
    if request.credential and not target.provider.takes_client_credentials:
        raise Forbidden(
            f"Your own key may not be sent to the provider {target.provider.name}, "
            f"which owns the model {target.model}."
        )
    return request.credential


def key_of(target: Target) -> str:
    """Return the provider's key, "" for one that needs none.

    Raises ConfigurationError when it should be there and is not.
    """
    if target.provider.trouble:
        raise ConfigurationError(target.provider.trouble)
    return target.provider.api_key


@lru_cache(maxsize=REMEMBERED_URLS)
def _url(address: str) -> httpx.URL:
    # Parsing takes as long as building all the rest of a request.
    try:
        return httpx.URL(address)
    except httpx.InvalidURL:
        raise InvalidRequest("The address of the request cannot be sent on.") from None


def _origin(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc
