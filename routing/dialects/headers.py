"""What requests of all dialects share: which headers go up, values and their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from routing.errors import InvalidRequest, ProxyError
from routing.hop_by_hop import HOP_BY_HOP, named_in
from routing.types import Headers

T = TypeVar("T")

# Longer than any name; what a client writes here goes into logs and decisions.
MAX_MODEL_CHARS = 256
# Source: Anthropic API reference, "Create a Message".
MAX_MESSAGES = 100_000
MAX_TOOLS = 10_000

CREDENTIAL_HEADERS = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-api-key",
        "x-goog-api-key",
    }
)
# About this connection, or for us.
WITHHELD_HEADERS = HOP_BY_HOP | {
    "cascade-hop",
    "expect",
    "forwarded",
    "host",
    "via",
    "x-cascade",
    "x-real-ip",
}
WITHHELD_STARTS = ("x-forwarded-", "x-cascade-")


class _Entry(msgspec.Struct, gc=False, frozen=True):
    """An object of a list that is only counted."""


_ENTRIES = msgspec.json.Decoder(list[_Entry])


def sorted_out(headers: Headers) -> tuple[Headers, Headers]:
    """Return the headers that go up and those that do not, credentials in neither."""
    said = (value for name, value in headers if name == "connection")
    named = named_in(next(said, ""))
    going_up: list[tuple[str, str]] = []
    withheld: list[tuple[str, str]] = []
    for name, value in headers:
        if name in CREDENTIAL_HEADERS:
            continue
        stays = (
            name in WITHHELD_HEADERS
            or name in named
            or name.startswith(WITHHELD_STARTS)
        )
        (withheld if stays else going_up).append((name, value))
    return tuple(going_up), tuple(withheld)


def headers_of_error(error: ProxyError, request_id: tuple[str, str]) -> Headers:
    """Return the headers of our own `error`, `request_id` among them by its name."""
    headers = [("content-type", "application/json"), request_id]
    if error.should_retry is not None:
        headers.append(("x-should-retry", "true" if error.should_retry else "false"))
    if error.retry_after_s is not None:
        headers.append(("retry-after", f"{error.retry_after_s:g}"))
    return tuple(headers)


def value_of(
    fields: Mapping[str, msgspec.Raw], name: str, kind: type[T], words: str
) -> T | None:
    """Return the top-level value of `name`, None when absent or null.

    Raises InvalidRequest, with `words`, when it is of another type.
    """
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=kind | None)
    except msgspec.DecodeError:
        raise InvalidRequest(f"{name}: Input should be {words}") from None


def check_length(name: str, entries: bytes, most: int) -> None:
    """Raise InvalidRequest when `entries`, JSON, is a list of more objects than `most`.

    Cost: a count of braces, and where there are many a pass without building values.
    """
    if entries.count(b"{") <= most:  # or they need not be counted
        return
    try:
        count = len(_ENTRIES.decode(entries))
    except (msgspec.DecodeError, RecursionError):
        return
    if count > most:
        raise InvalidRequest(f"{name}: List should have at most {most} items")
