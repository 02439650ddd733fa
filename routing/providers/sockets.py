"""Connections to providers. Knows h11, not httpx.

Failures leave here as `TimeoutError`, `OSError` or h11's errors; the transport gives
them the names its callers know.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h11
from gevent.monkey import get_original

from routing.turns import give_way

Origin = tuple[str, str, int]

RECEIVE_BYTES = 65_536
HEAD_LIMIT_BYTES = 65_536
# Nobody sends more than one or two; each is work, and none of them is an answer.
MAX_INTERIM_ANSWERS = 32
# How long one connection that never makes us wait may keep all others waiting.
TURN_S = 0.005
MAX_PARTS_A_TURN = 500

# gevent's poll() would switch greenlets, and this one never waits.
_poll = get_original("select", "poll")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long each step may wait, in seconds; None waits for ever.

    `deadline` is the moment of the monotonic clock at which the whole call ends.
    """

    connect: float | None = None
    read: float | None = None
    write: float | None = None
    deadline: float | None = None

    def within(self, seconds: float | None) -> float | None:
        """Return `seconds`, cut to what is left until the deadline.

        Raises TimeoutError when nothing is left: a socket takes 0 for "do not block".
        """
        if self.deadline is None:
            return seconds
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call reached its deadline")
        return left if seconds is None else min(seconds, left)


class Connection:
    """One socket with its HTTP/1.1 parser, for one call at a time.

    Of the call that runs: `sent` whole, `answered` with a byte at least, its answer
    read to the end, `complete`.
    """

    __slots__ = (
        "_early_head",
        "_interim_answers",
        "_parser",
        "_turn_began",
        "answered",
        "complete",
        "idle_since",
        "origin",
        "pid",
        "sent",
        "sock",
    )

    def __init__(self, sock: socket.socket, origin: Origin) -> None:
        self.sock = sock
        self.origin = origin
        self.pid = os.getpid()
        self.idle_since = 0.0
        self.answered = self.complete = self.sent = False
        self._early_head: h11.Response | None = None
        self._interim_answers = 0
        self._turn_began = time.monotonic()
        self._parser = h11.Connection(h11.CLIENT, HEAD_LIMIT_BYTES)

    def send(
        self, head: h11.Request, body: bytes | Iterator[bytes], limits: Limits
    ) -> None:
        """Send a request whole; the write limit holds for each part taken.

        A server may answer, and hang up, without reading a body it does not want. So a
        broken pipe is no error here: reading tells what became of the request. Raises
        whatever the iterator of a body raises.
        """
        self.answered = self.complete = self.sent = False
        self._early_head = None
        self._interim_answers = 0
        with contextlib.suppress(ConnectionError):
            if isinstance(body, bytes):
                self._send_at_once(head, body, limits)
                self.sent = True
            else:
                self.sent = self._send_in_pieces(head, body, limits)
        self._turn_began = time.monotonic()

    def _send_at_once(self, head: h11.Request, body: bytes, limits: Limits) -> None:
        pieces = [self._parser.send(head)]
        if body:
            pieces.append(self._parser.send(h11.Data(data=body)))
        pieces.append(self._parser.send(h11.EndOfMessage()))
        self._send_all(b"".join(pieces), limits)

    def _send_in_pieces(
        self, head: h11.Request, body: Iterator[bytes], limits: Limits
    ) -> bool:
        """Whether all was sent: not when the answer came before the end of the body."""
        self._send_all(self._parser.send(head), limits)
        for piece in body:
            if self._answers_early():
                return False
            self._send_all(self._parser.send(h11.Data(data=piece)), limits)
        self._send_all(self._parser.send(h11.EndOfMessage()), limits)
        return True

    def _answers_early(self) -> bool:
        while not self.is_silent() and self._take_what_is_here():
            self._early_head = self._head_at_hand()
            if self._early_head is not None:
                return True
        return False

    def _take_what_is_here(self) -> bool:
        self.sock.settimeout(0)
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False  # TLS speaks for itself, too
        self._take(data)
        return True

    def _send_all(self, data: bytes, limits: Limits) -> None:
        # Not sendall(): its timeout spans the whole body, however fast it moves.
        unsent = memoryview(data)
        while unsent:
            self.sock.settimeout(limits.within(limits.write))
            unsent = unsent[self.sock.send(unsent) :]

    def read_head(self, limits: Limits) -> h11.Response:
        """Return status and headers of the final answer; 1xx answers are skipped."""
        while (head := self._early_head or self._head_at_hand()) is None:
            self._feed(limits)
        return head

    def _head_at_hand(self) -> h11.Response | None:
        """Return the head of the final answer, None while it is incomplete."""
        while (event := self._parser.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("the server switched protocols")
            self._interim_answers += 1
            if self._interim_answers > MAX_INTERIM_ANSWERS:
                raise h11.RemoteProtocolError("the server never comes to its answer")
        return None

    def read_body(self, limits: Limits) -> bytes:
        """Return the body bytes at hand, waiting for some when there are none.

        Sets `complete` with the last of them, which may be b"".
        """
        parts: list[bytes] = []
        self._in_turn()
        while not self.complete and len(parts) < MAX_PARTS_A_TURN:
            event = self._next_body_event(had_some=bool(parts))
            if isinstance(event, h11.Data):
                parts.append(event.data)
            elif event is not h11.NEED_DATA:
                self.complete = True
            elif parts:
                break
            else:
                self._feed(limits)
        return b"".join(parts)

    def _next_body_event(self, *, had_some: bool) -> Any:
        try:
            return self._parser.next_event()
        except h11.RemoteProtocolError:
            # What came before the fault is still good; the parser repeats its error.
            if not had_some:
                raise
            return h11.NEED_DATA

    def _feed(self, limits: Limits) -> None:
        asked = self._in_turn()
        self.sock.settimeout(limits.within(limits.read))
        data = self.sock.recv(RECEIVE_BYTES)
        came = time.monotonic()
        if came - asked > TURN_S:  # it waited, and others had their turn
            self._turn_began = came
        self._take(data)

    def _in_turn(self) -> float:
        """Return the moment, once others of this worker had a chance to go first.

        Receiving what is there already never waits, so under gevent a server that sends
        as fast as we read would have the worker for itself.
        """
        now = time.monotonic()
        if now - self._turn_began <= TURN_S:
            return now
        give_way()
        self._turn_began = time.monotonic()
        return self._turn_began

    def _take(self, data: bytes) -> None:
        if not (data or self.answered):
            raise h11.RemoteProtocolError("the server hung up without an answer")
        self.answered = True
        self._parser.receive_data(data)

    def renew(self) -> bool:
        """Return whether another call may follow, and make ready for it.

        False unless the answer was read to its end and not a byte came after it:
        left-over bytes would be taken for the answer to somebody else's question.
        """
        parser = self._parser
        if not (self.sent and parser.our_state is parser.their_state is h11.DONE):
            return False
        if parser.trailing_data != (b"", False) or self._decrypted_bytes():
            return False
        parser.start_next_cycle()
        return True

    def _decrypted_bytes(self) -> int:
        pending = getattr(self.sock, "pending", None)
        return pending() if pending else 0

    def is_silent(self) -> bool:
        """Return whether the peer neither hung up nor sent anything while idle."""
        poller = _poll()
        poller.register(self.sock.fileno(), select.POLLIN)
        return not poller.poll(0)

    def close(self) -> None:
        """Close the socket; doing it twice is fine."""
        self.sock.close()
