"""Anthropic, and any server that speaks its Messages API."""

from __future__ import annotations

from functools import lru_cache

import httpx

from routing.errors import ConfigurationError, InvalidRequest
from routing.types import ChatRequest, Headers, Target

# Encodings whose bytes we can also read; others are not offered on the client's behalf.
READABLE_ENCODINGS = ("gzip", "deflate", "identity")
REMEMBERED_URLS = 256


def build_request(request: ChatRequest, target: Target) -> httpx.Request:
    """Return the request to send: the client's own, with `target`'s model and key.

    A provider without a key, as local servers are, is asked without one. Raises
    ConfigurationError when its key should be there and is not, InvalidRequest when the
    client's query cannot stand in an address.
    """
    address = target.provider.base_url + request.path
    url = _url(f"{address}?{request.query}" if request.query else address)
    if _origin(url) != _origin(_url(target.provider.base_url)):
        raise InvalidRequest("The address of the request cannot be sent on.")
    body = request.body_for(target.model)
    headers = [("host", url.netloc.decode()), *map(_readable, request.headers)]
    headers += _credential(request, target)
    if body:
        headers.append(("content-length", str(len(body))))
    # In bytes: a value may hold any of Latin-1, and httpx would try ASCII. With the
    # body as a stream it adds no header of its own.
    built = httpx.Request(
        request.method,
        url,
        headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers],
        stream=httpx.ByteStream(body),
    )
    built.read()
    return built


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
        return (request.credential,)
    if target.provider.trouble:
        raise ConfigurationError(target.provider.trouble)
    key = target.provider.api_key
    return (("x-api-key", key),) if key else ()


def _readable(header: tuple[str, str]) -> tuple[str, str]:
    name, value = header
    if name != "accept-encoding":
        return header
    offered = (option.strip() for option in value.split(","))
    kept = [o for o in offered if o.split(";")[0].lower() in READABLE_ENCODINGS]
    return name, ", ".join(kept) or "identity"
