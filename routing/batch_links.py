"""The one address in an account's answers that clients follow: a batch's results.

It names the provider's own host. SDKs ask there with the key they have, which is ours:
it would leave the house, and be refused.
"""

from __future__ import annotations

import re

from routing.types import Headers

_BATCHES = "/v1/messages/batches"
_LINK = re.compile(
    rb'("results_url"\s*:\s*")https?://[^/"\\]+'
    rb'(?:/[^"\\]*)?(/v1/messages/batches/[\w-]+/results")'
)
_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+")


def has_links(path: str, headers: Headers) -> bool:
    """Whether an answer from `path` describes batches; their results are no JSON."""
    described = path == _BATCHES or path.startswith(f"{_BATCHES}/")
    kinds = (value.lower() for name, value in headers if name == "content-type")
    return described and any(kind.startswith("application/json") for kind in kinds)


def link_here(body: bytes, base_url: str) -> bytes:
    """Return `body` with results found below `base_url`; every other byte stays.

    It is returned as it is when `base_url` is no address, or names no results.
    """
    if not _ADDRESS.fullmatch(base_url):
        return body
    return _LINK.sub(rb"\g<1>" + base_url.encode() + rb"\g<2>", body)
