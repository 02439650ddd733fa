"""The process beside the workers that loads the journal, once per directory."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from django.db import close_old_connections

from metrics import loader
from metrics.journal import make_directory, try_lock

logger = logging.getLogger(__name__)
LOCK_NAME = "keeper.lock"
LOCK_POLL_S = 1.0


def run(directory: Path, *, poll_s: float, stop: threading.Event) -> None:
    """Load whenever there is something, until `stop`; then once more."""
    reporter = Reporter()
    while not stop.is_set():
        reporter.report(load(directory))
        stop.wait(poll_s)
    reporter.report(load(directory))


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
        if result.problem and result.problem != self._problem:
            logger.warning("The journal is not loaded whole: %s", result.problem)
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
def only_one(directory: Path, *, wait: bool, stop: threading.Event) -> Iterator[bool]:
    """Yield whether this process is the keeper of `directory`, for as long as it is.

    With `wait`, only when the other has gone, or with False when it is time to stop.
    """
    make_directory(directory)
    fd = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        mine = try_lock(fd)
        while wait and not mine and not stop.is_set():
            stop.wait(LOCK_POLL_S)
            mine = try_lock(fd)
        yield mine
    finally:
        os.close(fd)


def stop_on_signals() -> threading.Event:
    """Return the stop that SIGTERM and SIGINT bring."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _setter(stop))
    return stop


def _setter(event: threading.Event) -> Callable[[int, FrameType | None], None]:
    def set_it(_signal: int, _frame: FrameType | None) -> None:
        event.set()

    return set_it
