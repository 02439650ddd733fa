"""The values of limits in PostgreSQL, for hosts that share a database and no Redis.

A connection of its own: Django's would be kept for as long as an answer streams.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any, TypeVar, cast

import psycopg

from routing.state.base import StoreError
from routing.state.sqlite import Change

T = TypeVar("T")

WAIT_S = 5
PRUNE_EVERY_S = 600.0
# Nothing here is worth waiting for a disk: the account knows what was spent.
_OPTIONS = (
    "-c statement_timeout={wait_ms} -c lock_timeout={wait_ms} -c synchronous_commit=off"
)
# Makes the row where there is none, and locks it until the transaction ends.
_LOCK = """BEGIN; INSERT INTO routing_limittable AS t (key, value, expires_at)
    VALUES (%s, '', 0) ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key
    RETURNING value, expires_at, extract(epoch FROM clock_timestamp())::float8"""
_WRITE = """UPDATE routing_limittable SET value = %s, expires_at = %s
    WHERE key = %s; COMMIT"""
_PRUNE = """DELETE FROM routing_limittable WHERE key IN (
    SELECT key FROM routing_limittable
    WHERE expires_at < extract(epoch FROM now()) LIMIT 1000 FOR UPDATE SKIP LOCKED)"""


class _Wish:
    """A change that waits for its turn. Its event is set when it is done, or leads."""

    def __init__(self, key: str, change: Change[Any], ttl_s: float) -> None:
        self.key = key
        self.change = change
        self.ttl_s = ttl_s
        self.awake = threading.Event()
        self.done = False
        self.result: Any = None
        self.problem = ""


class PostgresValues:
    """Values by key in a table; the time is the server's, for all hosts.

    Changes that wait while another is at the server go there together next: a row is
    locked while its transaction waits for its turn in this process, so that many small
    ones, one after the other, would take as long as everything else that happens here.

    `parameters` are those of `psycopg.connect`; the server may take `wait_s`. Safe for
    threads and greenlets.
    """

    def __init__(self, parameters: dict[str, Any], *, wait_s: int = WAIT_S) -> None:
        self._parameters = parameters
        self._wait_s = wait_s
        self._connection: psycopg.Connection | None = None
        self._lock = threading.Lock()
        self._wishes: deque[_Wish] = deque()
        self._led = False
        self._prune_at = time.monotonic() + PRUNE_EVERY_S

    def update(self, key: str, change: Change[T], *, ttl_s: float) -> T:
        """Write what `change(value, now)` returns first; return the rest of it.

        Raises StoreError when the server is away or slow.
        """
        wish = _Wish(key, change, ttl_s)
        with self._lock:
            self._wishes.append(wish)
            leads = not self._led
            self._led = True
        if not leads and not self._comes_to_turn(wish):
            raise StoreError("PostgreSQL: the queue for it is too long")
        if not wish.done:
            self._lead()
        if wish.problem:
            raise StoreError(f"PostgreSQL: {wish.problem}")
        return cast(T, wish.result)

    def close(self) -> None:
        """Close the connection. The next use opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _comes_to_turn(self, wish: _Wish) -> bool:
        """Wait until `wish` is done or leads; False when it gave up its place."""
        try:
            wish.awake.wait(self._wait_s)
        finally:
            with self._lock:
                # One that nobody waits for would be made leader, and all others wait.
                if not wish.awake.is_set() and wish in self._wishes:
                    self._wishes.remove(wish)
        return wish.awake.is_set()

    def _lead(self) -> None:
        """Do what waits, ours among it; then let another lead what came meanwhile."""
        with self._lock:
            wishes = list(self._wishes)
            self._wishes.clear()
        try:
            self._grant(wishes)
        finally:
            with self._lock:
                following = self._wishes[0] if self._wishes else None
                self._led = following is not None
                if following is not None:
                    following.awake.set()

    def _grant(self, wishes: list[_Wish]) -> None:
        by_key: dict[str, list[_Wish]] = {}
        for wish in wishes:
            by_key.setdefault(wish.key, []).append(wish)
        try:
            for key, alike in by_key.items():
                self._change(key, alike)
            self._prune()
        except psycopg.Error as problem:
            self.close()
            for wish in wishes:
                if not wish.done:
                    wish.problem = str(problem) or type(problem).__name__
        finally:
            for wish in wishes:
                wish.done = True
                wish.awake.set()

    def _change(self, key: str, wishes: list[_Wish]) -> None:
        cursor = psycopg.ClientCursor(self._opened())
        cursor.execute(_LOCK, (key,))
        cursor.nextset()
        value, expires_at, now_s = cast(tuple[Any, float, float], cursor.fetchone())
        there = bytes(value) if value and expires_at > now_s else None
        results = []
        for wish in wishes:
            there, result = wish.change(there, now_s)
            results.append(result)
        ends_at = now_s + max(wish.ttl_s for wish in wishes)
        cursor.execute(_WRITE, (there, ends_at, key))
        # Only now: what is told must be what is kept.
        for wish, result in zip(wishes, results, strict=True):
            wish.result, wish.done = result, True

    def _prune(self) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_EVERY_S
            self._opened().execute(_PRUNE)

    def _opened(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                **self._parameters | {"connect_timeout": self._wait_s},
                autocommit=True,
                options=_OPTIONS.format(wait_ms=self._wait_s * 1000),
            )
        return self._connection
