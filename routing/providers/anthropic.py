"""Anthropic, and any server that speaks its Messages API."""

from __future__ import annotations

import httpx

from routing.errors import ConfigurationError
from routing.types import ChatRequest, Headers, Target

# Encodings whose bytes we can also read; others are not offered on the client's behalf.
READABLE_ENCODINGS = ("gzip", "deflate", "identity")


def build_request(request: ChatRequest, target: Target) -> httpx.Request:
    """Return the request to send: the client's own, with `target`'s model and key.

    A provider without a key, as local servers are, is asked without one. Raises
    ConfigurationError when its key should be there and is not.
    """
    url = target.provider.base_url + request.path
    if request.query:
        url = f"{url}?{request.query}"
    headers = [_readable(name, value) for name, value in request.headers]
    headers += _credential(request, target)
    return httpx.Request(
        request.method, url, headers=headers, content=request.body_for(target.model)
    )


def _credential(request: ChatRequest, target: Target) -> Headers:
    if request.credential:
        return (request.credential,)
    if target.provider.trouble:
        raise ConfigurationError(target.provider.trouble)
    key = target.provider.api_key
    return (("x-api-key", key),) if key else ()


def _readable(name: str, value: str) -> tuple[str, str]:
    if name != "accept-encoding":
        return name, value
    offered = (option.strip() for option in value.split(","))
    kept = [o for o in offered if o.split(";")[0].lower() in READABLE_ENCODINGS]
    return name, ", ".join(kept) or "identity"
