"""The one address in an account's answers that clients follow: a batch's results.

It names the provider's own host. SDKs ask there with the key they have, which is ours:
it would leave the house, and be refused. So an address that cannot be told for sure to
lead here becomes null, and a body that could hide one is not passed on.
"""

from __future__ import annotations

import re

import msgspec

from routing.errors import StreamInterrupted

_BATCHES = "/v1/messages/batches"
_RESULTS = re.compile(rf"{_BATCHES}/[^/]+/results")
_LINK = re.compile(rb'("results_url"\s*:\s*)("(?:[^"\\]|\\.)*")')
_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+")
_ADDRESS_OF_RESULTS = re.compile(
    rf"https?://[^/?#\\\s]+(?:/[^?#\\\s]*)?({_BATCHES}/[\w-]+/results)"
)
# No writer of JSON escapes a letter of the key, or uses another encoding than UTF-8.
_DISGUISED = re.compile(rb"\\u00(?:72|65|73|75|6[cC]|74|5[fF])|\x00")


def has_links(path: str) -> bool:
    """Whether an answer from `path` describes batches, whatever it says it is.

    Their results do not: they are long, and hold no addresses that clients follow.
    """
    described = path == _BATCHES or path.startswith(f"{_BATCHES}/")
    return described and not _RESULTS.fullmatch(path)


def link_here(body: bytes, base_url: str) -> bytes:
    """Return `body` with results found below `base_url`; every other byte stays.

    An address that is none of a batch's results becomes null, as do all when `base_url`
    is no address. Raises StreamInterrupted for a body whose addresses cannot be found.
    """
    if _DISGUISED.search(body):
        raise unreadable()
    ours = base_url if _ADDRESS.fullmatch(base_url) else ""
    return _LINK.sub(lambda found: found[1] + _here(found[2], ours), body)


def unreadable() -> StreamInterrupted:
    """Return the error for an answer that could hide an address."""
    return StreamInterrupted("The provider's answer cannot be read.")


def _here(link: bytes, ours: str) -> bytes:
    try:
        theirs = _ADDRESS_OF_RESULTS.fullmatch(msgspec.json.decode(link, type=str))
    except ValueError:
        theirs = None
    if theirs is None or not ours:
        return b"null"
    return msgspec.json.encode(ours + theirs[1])
