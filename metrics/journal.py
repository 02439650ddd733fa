"""Appends lines to a file of this process's own. Knows nothing of what they say.

A process dies with its lines safely written: each is one `write` to the page cache.
Only a crash of the machine itself can lose the newest.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path

SUFFIX = ".jsonl"
ROTATE_BYTES = 16 * 1024 * 1024
OPEN_ATTEMPTS = 5


class JournalError(OSError):
    """A line could not be written whole."""


class _OwnedFile:
    """An open file whose lock says that its process lives.

    It closes itself when the last thread that uses it lets go: closing by hand could
    close a descriptor another thread is about to write to, by then somebody's socket.
    """

    __slots__ = ("fd", "pid", "size", "torn")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.pid = os.getpid()
        self.size = 0
        self.torn = False

    def __del__(self) -> None:
        os.close(self.fd)

    def deleted(self) -> bool:
        """Whether nobody will find what is written here."""
        return os.fstat(self.fd).st_nlink == 0


class Journal:
    """The journal of one process; threads and forks may share the object.

    No lock is held: two threads that open at once make two files, and both are read.
    A forked child gets a file of its own at its first line.
    """

    def __init__(self, directory: Path, *, rotate_bytes: int = ROTATE_BYTES) -> None:
        self._directory = directory
        self._rotate_bytes = rotate_bytes
        self._file: _OwnedFile | None = None

    def append(self, line: bytes) -> None:
        """Write `line`, which holds no line end, and one after it.

        Raises OSError when it was not written whole; other lines are not harmed.
        """
        file = self._current()
        data = b"\n" + line + b"\n" if file.torn else line + b"\n"
        written = os.write(file.fd, data)
        file.torn = written < len(data)
        file.size += written
        if file.torn:
            raise JournalError(f"only {written} of {len(data)} bytes were written")

    def room_bytes(self) -> int:
        """Return how much the disk still takes. Raises OSError."""
        self._current()
        stats = os.statvfs(self._directory)
        return stats.f_bavail * stats.f_frsize

    def check(self) -> None:
        """Make sure that a line could be written now. Raises OSError when not."""
        if self.room_bytes() == 0:
            raise JournalError("no space is left for the journal")

    def close(self) -> None:
        """Let go of the file, so that the keeper may finish it. Appending reopens."""
        self._file = None

    def _current(self) -> _OwnedFile:
        file = self._file
        if (
            file is None
            or file.pid != os.getpid()
            or file.size >= self._rotate_bytes
            or file.deleted()
        ):
            file = self._file = _create(self._directory)
        return file


def make_directory(directory: Path) -> None:
    """Make `directory`, readable by its owner only. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def try_lock(fd: int) -> bool:
    """Take the lock of an open file if nobody has it; whether it is ours comes back."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _create(directory: Path) -> _OwnedFile:
    """A new, locked file.

    Before the lock is ours the keeper may look at it, or take it away as one whose
    owner has died; then another is made.
    """
    make_directory(directory)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    for _ in range(OPEN_ATTEMPTS):
        file = _OwnedFile(os.open(directory / _new_name(), flags, 0o600))
        if try_lock(file.fd) and not file.deleted():
            return file
    raise JournalError("no journal file could be locked")


def _new_name() -> str:
    host = re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())[:48]
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return f"{host}-{os.getpid()}-{moment}-{secrets.token_hex(4)}{SUFFIX}"
