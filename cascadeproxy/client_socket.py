"""A client's socket that does not let a slow client hold its worker for ever.

Time is counted only while we wait for the client, and what it moves buys it more: a
large upload over a thin line goes on, one byte now and then does not.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

from gunicorn.http.errors import NoMoreData

MIN_BYTES_PER_S = 500


class ClientSocket:
    """Stands in for `sock`; only receiving and sending differ.

    A client may keep us waiting `grace_s` seconds in one request, and as long again in
    its answer, beside the time its bytes take at the slowest rate that is served. While
    it is silent before a request, gunicorn's own limits hold.
    """

    def __init__(self, sock: socket.socket, grace_s: float) -> None:
        self._sock = sock
        self._grace_s = grace_s
        self.begin()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def begin(self) -> None:
        """Count anew: a request begins."""
        self._received = self._sent = 0
        self._waited_to_receive_s = self._waited_to_send_s = 0.0

    def recv(self, size: int) -> bytes:
        """Return what came. Raises NoMoreData when the client is too slow."""
        if not self._received:
            data = self._sock.recv(size)
            self._received = len(data)
            return data
        before = time.monotonic()
        self._sock.settimeout(
            self._left(self._waited_to_receive_s, self._received, NoMoreData)
        )
        try:
            data = self._sock.recv(size)
        except TimeoutError:
            raise NoMoreData from None
        finally:
            self._sock.settimeout(None)
        self._waited_to_receive_s += time.monotonic() - before
        self._received += len(data)
        return data

    def sendall(self, data: bytes) -> None:
        """Send all of `data`. Raises BrokenPipeError when the client is too slow."""
        unsent = memoryview(data)
        try:
            while unsent:
                unsent = unsent[self._send(unsent) :]
        except TimeoutError:
            raise _hung_up() from None
        finally:
            self._sock.settimeout(None)

    def _send(self, data: memoryview) -> int:
        before = time.monotonic()
        self._sock.settimeout(self._left(self._waited_to_send_s, self._sent, _hung_up))
        sent = self._sock.send(data)
        self._waited_to_send_s += time.monotonic() - before
        self._sent += sent
        return sent

    def _left(self, waited_s: float, moved: int, too_slow: Any) -> float:
        left = self._grace_s + moved / MIN_BYTES_PER_S - waited_s
        if left <= 0:
            raise too_slow()
        return left


def _hung_up() -> BrokenPipeError:
    # gunicorn logs other errors with a traceback each, as ours.
    return BrokenPipeError(errno.EPIPE, "the client does not read")
