"""What all adapters share: an open HTTP reply, and errors in our own words."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from routing.errors import (
    ClientGone,
    StreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from routing.hop_by_hop import HOP_BY_HOP, named_in
from routing.quirks import USUAL, Quirks
from routing.ticket import Ticket
from routing.types import ChatRequest, Dialect, Headers, Reply, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A body that is sent on while it comes. `length_bytes` is None when not known.

    Whoever iterates `chunks` meets ClientGone when the client left in the middle, or
    ClientError when its body is not what it may be.
    """

    chunks: Iterator[bytes]
    length_bytes: int | None


def as_it_came(reply: Reply, request: ChatRequest) -> Reply:
    """Return `reply` itself: its provider speaks the internal form."""
    del request
    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """How one kind of provider is asked, and how its reply is put to us.

    `build` may raise ClientError, and ConfigurationError; `present` closes the reply
    when it raises, which is UpstreamError or ClientGone. `quirks` are those that all
    providers of the kind have. `label` is what people call it.
    """

    label: str
    build: Callable[[ChatRequest, Target], httpx.Request]
    present: Callable[[Reply, ChatRequest], Reply] = as_it_came
    dialect: Dialect = "anthropic"
    quirks: Quirks = USUAL


# What is shorter may be a word of the answer.
SHORTEST_SECRET = 8

# gunicorn refuses to send these, when it is too late for another answer.
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits of one call, in seconds; `total_s` covers the body, None sets no limit."""

    connect_s: float
    read_s: float
    total_s: float | None = None

    def within(self, total_s: float | None) -> Timeouts:
        """Return the same limits, with the whole call bounded by `total_s`."""
        if total_s == self.total_s:
            return self
        return dataclasses.replace(self, total_s=total_s)

    def as_extension(self) -> dict[str, float | None]:
        """Return the limits as the transport reads them."""
        return {
            "connect": self.connect_s,
            "read": self.read_s,
            "write": self.read_s,
            "total": self.total_s,
        }


class HttpReply:
    """The open reply of a provider: status and headers are here, the body comes.

    `length_bytes` is what its content-length says, None without a usable one.
    """

    def __init__(self, response: httpx.Response, ticket: Ticket) -> None:
        self.status = response.status_code
        self.headers = end_to_end(response.headers)
        self.length_bytes = _length(response.headers)
        self._response = response
        self._ticket = ticket
        self._secret = b""

    def conceal(self, secret: str) -> None:
        """Put asterisks where an error's headers and body repeat `secret`.

        Some providers quote the key they refuse. What is compressed is not looked into.
        """
        if self.status < 400 or len(secret) < SHORTEST_SECRET:
            return
        self._secret = secret.encode()
        self.headers = tuple(
            (name, value.replace(secret, "*" * len(secret)))
            for name, value in self.headers
        )

    @classmethod
    def open(
        cls,
        transport: httpx.BaseTransport,
        request: httpx.Request,
        *,
        ticket: Ticket,
        timeouts: Timeouts,
    ) -> HttpReply:
        """Send `request` and return when the status line and headers are in.

        Raises UpstreamUnreachable, UpstreamTimeout or ClientGone.
        """
        if ticket.gone:
            raise ClientGone(asked=False)
        request.extensions = {"timeout": timeouts.as_extension(), "ticket": ticket}
        with _own_errors(ticket, broken=UpstreamUnreachable):
            reply = cls(transport.handle_request(request), ticket)
        if not (200 <= reply.status < 300 or 400 <= reply.status < 600):
            reply.close()
            # Clients would follow a redirect, with their prompt and their key.
            raise UpstreamUnreachable("The provider's answer has no valid status.")
        return reply

    def __iter__(self) -> Iterator[bytes]:
        """Yield body bytes as they arrive, still in `content-encoding`.

        Raises StreamInterrupted, UpstreamTimeout or ClientGone.
        """
        stream = self._response.stream
        assert isinstance(stream, httpx.SyncByteStream)  # noqa: S101  ours always is
        with _own_errors(self._ticket, broken=StreamInterrupted):
            if self._secret:
                yield from _without(self._secret, stream)
            else:
                yield from stream

    def close(self) -> None:
        """Give the connection back, or shut it when the body was not read."""
        self._response.close()


def _without(secret: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield `chunks` with asterisks for `secret`, also where it spans two of them."""
    kept = b""
    for chunk in chunks:
        kept = (kept + chunk).replace(secret, b"*" * len(secret))
        at = len(kept) - _begun(kept, secret)
        if at:
            yield kept[:at]
            kept = kept[at:]
    if kept:
        yield kept


def _begun(text: bytes, secret: bytes) -> int:
    """Return how many bytes at the end of `text` may be the beginning of `secret`."""
    longest = min(len(secret) - 1, len(text))
    return next((n for n in range(longest, 0, -1) if text.endswith(secret[:n])), 0)


def end_to_end(headers: httpx.Headers) -> Headers:
    """Return the headers of an answer that concern its reader, names in lower case."""
    of_the_hop = HOP_BY_HOP | named_in(headers.get("connection", ""))
    return tuple(
        (name, value)
        for raw_name, raw_value in headers.raw
        if (name := raw_name.decode("latin-1").lower()) not in of_the_hop
        and not _CONTROL.search(raw_value)
        for value in (raw_value.decode("latin-1"),)
    )


def _length(headers: httpx.Headers) -> int | None:
    if "transfer-encoding" in headers:
        return None
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else None


@contextmanager
def _own_errors(
    ticket: Ticket, *, broken: type[UpstreamUnreachable | StreamInterrupted]
) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        if ticket.gone:
            raise ClientGone from None
        if isinstance(error, httpx.TimeoutException):
            raise UpstreamTimeout("The provider did not answer in time.") from error
        raise broken(_WORDS[broken]) from error


_WORDS: dict[type[UpstreamUnreachable | StreamInterrupted], str] = {
    UpstreamUnreachable: "The provider cannot be reached.",
    StreamInterrupted: "The provider's answer broke off.",
}
