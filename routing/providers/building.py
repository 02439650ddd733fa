"""What adapters share in making a request: its address, its headers, whose key."""

from __future__ import annotations

from functools import lru_cache

import httpx

from routing.errors import ConfigurationError, Forbidden, InvalidRequest
from routing.types import ChatRequest, Headers, ProviderConfig, Target

REMEMBERED_URLS = 256
# How vendors' keys begin. Anthropic's tokens for logins (`sk-ant-oat`) do so too.
_ANTHROPIC_START = "sk-ant-"
_OPENAI_STARTS = ("sk-proj-", "sk-svcacct-", "sk-admin-", "gsk_")


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

    Raises Forbidden when the provider is not to see it: nobody said that it may, or the
    key is another vendor's, by the API its client speaks or by how it begins.
    """
    if request.credential is None:
        return None
    provider = target.provider
    strange = request.spoken != provider.dialect or _is_foreign(
        request.credential, provider
    )
    if strange or not provider.takes_client_credentials:
        about = f", which owns the model {target.model}" if target.model else ""
        because = ": it is not a key for that API" if strange else ""
        raise Forbidden(
            f"Your own key may not be sent to the provider {provider.name}{about}"
            f"{because}."
        )
    return request.credential


def _is_foreign(credential: tuple[str, str], provider: ProviderConfig) -> bool:
    """Whether a key is known not to be for a provider of this dialect.

    Other servers of either shape have keys of any kind.
    """
    value = credential[1].strip()
    if credential[0] == "authorization":
        value = value.partition(" ")[2].strip()
    anthropics = value.startswith(_ANTHROPIC_START)
    if provider.dialect == "openai":
        return anthropics
    return value.startswith(_OPENAI_STARTS)


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
