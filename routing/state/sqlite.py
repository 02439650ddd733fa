"""The store of one host: a SQLite file of its own, beside the main database."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from routing.state.base import StoreError, wall_clock

T = TypeVar("T")
# Takes the value, if any, and the moment; returns the new value and what to tell.
Change = Callable[[bytes | None, float], tuple[bytes, T]]

# About 20 MB. Past this the oldest go, whatever time they had.
MAX_ENTRIES = 100_000
# Between two looks at what may go. A look takes away as much as came since the last,
# and not more than a stream can wait for.
PRUNE_EVERY_WRITES = 256
PRUNE_AT_MOST = 4096

# A locked file blocks all of a gevent worker, so it is waited for only while opening.
OPEN_TIMEOUT_S = 1.0
BUSY_TIMEOUT_MS = 50
# How long an update waits for others, and between its tries.
PATIENCE_S = 1.0
RETRY_S = 0.002

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# The file itself comes last: what belongs to it must not be taken for a new one's.
_SUFFIXES = ("-wal", "-shm", "")

# WAL: a process killed while it writes leaves a file that can be used, and readers do
# not wait for writers. Nothing here is worth waiting for a disk.
_SET_UP = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=OFF",
    """CREATE TABLE IF NOT EXISTS entries (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        value BLOB NOT NULL,
        expires_at REAL NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS entries_by_expiry ON entries (expires_at)",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
)
# A replaced row gets a new, highest id: ids tell the order of writes.
_PUT = "INSERT OR REPLACE INTO entries (key, value, expires_at) VALUES (?, ?, ?)"
_FORGET_EXPIRED = "DELETE FROM entries WHERE key = ? AND expires_at <= ?"
_CLAIM = "INSERT OR IGNORE INTO entries (key, value, expires_at) VALUES (?, ?, ?)"
_ADD_ONE = """UPDATE entries SET value = CAST(CAST(value AS INTEGER) + 1 AS BLOB)
    WHERE key = ?"""
_COUNTED = "SELECT CAST(value AS INTEGER) FROM entries WHERE key = ?"
_VALUE = "SELECT value FROM entries WHERE key = ? AND expires_at > ?"
_UNDER = """SELECT key, value FROM entries
    WHERE key >= ? AND key < ? AND expires_at > ?"""
_PRUNE_EXPIRED = """DELETE FROM entries WHERE id IN (
    SELECT id FROM entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)"""
_PRUNE_OLDEST = """DELETE FROM entries WHERE id IN (
    SELECT id FROM entries ORDER BY id
    LIMIT MIN(MAX((SELECT COUNT(*) FROM entries) - ?, 0), ?))"""


class SqliteStore:
    """Entries in the file at `path`. Safe for threads, greenlets and forks.

    Every method raises StoreError when the file cannot be used; then it is opened anew
    by the next call, and replaced if it is damaged. Entries end by the wall clock.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = wall_clock,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        self._path = path
        self._clock = clock
        self._max_entries = max_entries
        self._connection: sqlite3.Connection | None = None
        self._file_number = 0
        self._writes = 0
        self._lock = threading.Lock()
        # SQLite forbids to carry a connection, even an idle one, over a fork.
        os.register_at_fork(
            before=self._close_for_fork,
            after_in_parent=self._lock.release,
            after_in_child=self._lock.release,
        )

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there, by key."""
        marks = ",".join("?" * len(keys))
        query = (
            f"SELECT key, value FROM entries WHERE key IN ({marks}) AND expires_at > ?"  # noqa: S608  only question marks
        )
        with self._opened() as connection:
            return dict(connection.execute(query, (*keys, self._clock())))

    def put(self, entries: Mapping[str, bytes], *, ttl_s: float) -> None:
        """Write `entries` over what is there, all or none."""
        expires_at = self._clock() + ttl_s
        rows = [(key, value, expires_at) for key, value in entries.items()]
        with self._writing() as connection:
            connection.executemany(_PUT, rows)

    def count(self, key: str, *, ttl_s: float) -> int:
        """Return how often `key` was counted, this time too."""
        now = self._clock()
        with self._writing() as connection:
            connection.execute(_FORGET_EXPIRED, (key, now))
            connection.execute(_CLAIM, (key, b"0", now + ttl_s))
            connection.execute(_ADD_ONE, (key,))
            (count,) = connection.execute(_COUNTED, (key,)).fetchone()
            return int(count)

    def claim(self, key: str, value: bytes = b"1", *, ttl_s: float) -> bool:
        """Write `value` if nothing is there; whether it was written comes back."""
        now = self._clock()
        with self._writing() as connection:
            connection.execute(_FORGET_EXPIRED, (key, now))
            added = connection.execute(_CLAIM, (key, value, now + ttl_s))
            return added.rowcount == 1

    def update(self, key: str, change: Change[T], *, ttl_s: float) -> T:
        """Write the value that `change(value, now)` returns, and return the rest of it.

        `value` is None when nothing is there; nobody else changes it meanwhile. A file
        that others hold is waited for, with a sleep that lets greenlets go on.
        """
        with self._opened() as connection, connection:
            _begin(connection)
            now = self._clock()
            row = connection.execute(_VALUE, (key, now)).fetchone()
            value, result = change(row[0] if row else None, now)
            connection.execute(_PUT, (key, value, now + ttl_s))
            self._wrote(connection)
            return result

    def delete(self, *keys: str) -> None:
        """Forget `keys`."""
        with self._writing() as connection:
            connection.executemany(
                "DELETE FROM entries WHERE key = ?", [(key,) for key in keys]
            )

    def items(self, prefix: str) -> dict[str, bytes]:
        """Return all entries whose keys begin with `prefix`."""
        after_all = prefix + chr(0x10FFFF)
        with self._opened() as connection:
            return dict(connection.execute(_UNDER, (prefix, after_all, self._clock())))

    def close(self) -> None:
        """Close the file. The next use opens it again."""
        with self._lock:
            self._close()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The connection, ours alone meanwhile."""
        with self._lock:
            try:
                yield self._current()
            except sqlite3.Error as problem:
                self._give_up(problem)
                raise StoreError(f"{self._path}: {problem}") from problem
            except OSError as problem:
                raise StoreError(str(problem)) from problem

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The connection in a transaction, committed at the end or rolled back."""
        with self._opened() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            self._wrote(connection)

    def _wrote(self, connection: sqlite3.Connection) -> None:
        self._writes += 1
        if self._writes % PRUNE_EVERY_WRITES == 0:
            self._prune(connection)

    def _prune(self, connection: sqlite3.Connection) -> None:
        connection.execute(_PRUNE_EXPIRED, (self._clock(), PRUNE_AT_MOST))
        connection.execute(_PRUNE_OLDEST, (self._max_entries, PRUNE_AT_MOST))

    def _current(self) -> sqlite3.Connection:
        """The open connection; a new one when the file is not there any more.

        systemd-logind empties /dev/shm after a user who logs out, and another process
        may have found the file damaged.
        """
        if self._connection is not None:
            if self._number_on_disk() == self._file_number:
                return self._connection
            self._close()
        self._file_number = self._make_file()
        self._connection = sqlite3.connect(
            self._path,
            timeout=OPEN_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        for statement in _SET_UP:
            self._connection.execute(statement)
        return self._connection

    def _make_file(self) -> int:
        """Make the file unless it is there, ours alone; its number comes back.

        One that is there is not opened: closing it again would take away the locks of
        every other connection this process has to it.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_own(self._path.parent)
        with suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            os.close(os.open(self._path, flags, 0o600))
        stats = self._path.lstat()
        if stats.st_uid != os.geteuid() or not stat.S_ISREG(stats.st_mode):
            raise PermissionError(f"{self._path} is somebody else's, or no file")
        return stats.st_ino

    def _number_on_disk(self) -> int:
        try:
            return self._path.lstat().st_ino
        except FileNotFoundError:
            return 0

    def _give_up(self, problem: sqlite3.Error) -> None:
        """Close the file, and remove it when it is damaged: the next use makes another.

        One that others made meanwhile is left alone.
        """
        self._close()
        damaged = getattr(problem, "sqlite_errorcode", None) in _DAMAGED
        if damaged and self._number_on_disk() == self._file_number:
            for suffix in _SUFFIXES:
                with suppress(OSError):
                    os.unlink(f"{self._path}{suffix}")

    def _close_for_fork(self) -> None:
        self._lock.acquire()
        self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _begin(connection: sqlite3.Connection) -> None:
    """Begin to write, also when others write for a moment that is longer than usual."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as problem:
            busy = problem.sqlite_errorcode == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= give_up_at:
                raise
            time.sleep(RETRY_S)


def _require_own(directory: Path) -> None:
    """Refuse a directory in which others could put a file of theirs under our name."""
    found = directory.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not ours or found.st_mode & 0o022:
        raise PermissionError(
            f"{directory} is not ours alone: set CASCADE_STATE_DIR to one that is."
        )
