"""The values of limits in PostgreSQL, for hosts that share a database and no Redis.

Connections of its own: Django's would be kept for as long as an answer streams.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from routing.state.base import StoreError
from routing.state.sqlite import Change

T = TypeVar("T")

MAX_CONNECTIONS = 4
WAIT_S = 1.0
PRUNE_EVERY_S = 600.0
# Makes the row where there is none, and locks it until the transaction ends.
_LOCK = """INSERT INTO routing_limittable AS t (key, value, expires_at)
    VALUES (%s, '', 0) ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key
    RETURNING value, expires_at, extract(epoch FROM clock_timestamp())::float8"""
_WRITE = "UPDATE routing_limittable SET value = %s, expires_at = %s WHERE key = %s"
_PRUNE = """DELETE FROM routing_limittable WHERE key IN (
    SELECT key FROM routing_limittable
    WHERE expires_at < extract(epoch FROM now()) LIMIT 1000 FOR UPDATE SKIP LOCKED)"""


class PostgresValues:
    """Values by key in a table; the time is the server's, for all hosts.

    `parameters` are those of `psycopg.connect`. At most `MAX_CONNECTIONS` are open.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._parameters = parameters
        self._free: queue.LifoQueue[psycopg.Connection | None] = queue.LifoQueue()
        for _ in range(MAX_CONNECTIONS):
            self._free.put(None)
        self._prune_at = time.monotonic() + PRUNE_EVERY_S

    def update(self, key: str, change: Change[T], *, ttl_s: float) -> T:
        """Write what `change(value, now)` returns first; return the rest of it.

        Raises StoreError when the server is away or slow.
        """
        with self._connection() as connection, connection.transaction():
            row: Any = connection.execute(_LOCK, (key,)).fetchone()
            value, expires_at, now_s = row
            there = bytes(value) if value and expires_at > now_s else None
            new, result = change(there, now_s)
            connection.execute(_WRITE, (new, now_s + ttl_s, key))
            self._prune(connection)
            return result

    def close(self) -> None:
        """Close the connections that nobody uses. The next use opens others."""
        for _ in range(MAX_CONNECTIONS):
            connection = self._free.get(timeout=WAIT_S)
            if connection is not None:
                connection.close()
        for _ in range(MAX_CONNECTIONS):
            self._free.put(None)

    def _prune(self, connection: psycopg.Connection) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_EVERY_S
            connection.execute(_PRUNE)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        try:
            connection = self._free.get(timeout=WAIT_S)
        except queue.Empty:
            raise StoreError("PostgreSQL: no connection is free") from None
        try:
            if connection is None or connection.closed:
                connection = self._open()
            yield connection
        except psycopg.Error as problem:
            if connection is not None:
                connection.close()
            raise StoreError(f"PostgreSQL: {problem}") from problem
        finally:
            dead = connection is None or connection.closed
            self._free.put(None if dead else connection)

    def _open(self) -> psycopg.Connection:
        return psycopg.connect(
            **self._parameters | {"connect_timeout": 2},
            autocommit=True,
            options="-c statement_timeout=1000 -c lock_timeout=1000",
        )
