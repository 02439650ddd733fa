"""Where connections to providers rest between calls."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque

from routing.providers.sockets import Connection, Origin


class SocketPool:
    """Idle connections per origin; the last one given back is the first one taken.

    No lock: each step on a deque is atomic, and a lock could be copied by a fork while
    it is held. Two threads that meet may close one idle connection too many.
    """

    def __init__(self, *, idle_limit_s: float, max_idle: int) -> None:
        self._idle_limit_s = idle_limit_s
        self._max_idle = max_idle
        self._idle: dict[Origin, deque[Connection]] = {}

    def take(self, origin: Origin) -> Connection | None:
        """Return an idle connection that still looks alive; None when there is none."""
        while connection := self._pop(origin):
            if self._is_usable(connection):
                return connection
            connection.close()
        return None

    def give(self, connection: Connection) -> None:
        """Keep `connection` for the next call; the oldest go when too many rest."""
        connection.idle_since = time.monotonic()
        idle = self._idle.setdefault(connection.origin, deque())
        idle.append(connection)
        with contextlib.suppress(IndexError):  # another thread took the last one
            while len(idle) > self._max_idle or self._is_stale(idle[0]):
                idle.popleft().close()

    def close(self) -> None:
        """Close what is idle now, and from now on what is given back."""
        self._max_idle = 0
        for origin in list(self._idle):
            while connection := self._pop(origin):
                connection.close()

    def _pop(self, origin: Origin) -> Connection | None:
        try:
            return self._idle[origin].pop()
        except (KeyError, IndexError):
            return None

    def _is_usable(self, connection: Connection) -> bool:
        # After a fork parent and child hold the same socket: only its maker uses it.
        return (
            connection.pid == os.getpid()
            and not self._is_stale(connection)
            and connection.is_silent()
        )

    def _is_stale(self, connection: Connection) -> bool:
        return time.monotonic() - connection.idle_since > self._idle_limit_s
