"""The process beside the workers that loads the journal, once per directory."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from django.db import close_old_connections

from metrics import loader
from metrics.journal import make_directory, try_lock

logger = logging.getLogger(__name__)
LOCK_NAME = "keeper.lock"
LOCK_POLL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """When to end: told by a signal, or orphaned by the process that started us."""

    told: threading.Event
    parent_pid: int | None = None

    def now(self) -> bool:
        """Whether it is time."""
        orphaned = self.parent_pid is not None and os.getppid() != self.parent_pid
        return orphaned or self.told.is_set()


def run(directory: Path, *, poll_s: float, stop: Stop) -> None:
    """Load whenever there is something, until `stop`; then once more."""
    told = Reporter()
    while not stop.now():
        told.report(load(directory))
        stop.told.wait(poll_s)
    told.report(load(directory))


def load(directory: Path) -> loader.LoadResult:
    """Load once, over a connection that is known to work."""
    close_old_connections()
    return loader.load_once(directory)


class Reporter:
    """Logs what changed, not what goes on."""

    def __init__(self) -> None:
        self._problem = ""

    def report(self, result: loader.LoadResult) -> None:
        """Log a problem that is new, its end, and refused lines; nothing else."""
        if result.problem and not self._problem:
            logger.warning("The journal waits for the database: %s", result.problem)
        elif self._problem and not result.problem:
            logger.info("The journal is being loaded again.")
        self._problem = result.problem
        if result.rejected:
            logger.error(
                "%d journal lines could not be loaded; they are kept in %s",
                result.rejected,
                loader.REJECTED_NAME,
            )


@contextmanager
def only_one(directory: Path, *, wait: bool, stop: Stop) -> Iterator[bool]:
    """Yield whether this process is the keeper of `directory`, for as long as it is.

    With `wait`, only when the other has gone, or with False when it is time to stop.
    """
    make_directory(directory)
    fd = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        mine = try_lock(fd)
        while wait and not mine and not stop.now():
            stop.told.wait(LOCK_POLL_S)
            mine = try_lock(fd)
        yield mine
    finally:
        os.close(fd)


def stop_on_signals(*, with_parent: bool) -> Stop:
    """Return the stop that SIGTERM, SIGINT and, if asked, the parent's end bring."""
    stop = Stop(
        told=threading.Event(), parent_pid=os.getppid() if with_parent else None
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _teller(stop.told))
    return stop


def _teller(told: threading.Event) -> Callable[[int, FrameType | None], None]:
    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    return tell
