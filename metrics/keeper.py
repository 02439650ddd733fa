"""The process beside the workers that loads the journal, once per directory.

It also adds what was loaded to the sums that reports read, and prunes.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from metrics import chores, loader, retention, rollups, rule_stats, text_retention
from metrics.journal import make_directory, try_lock

logger = logging.getLogger(__name__)
LOCK_NAME = "keeper.lock"
LOCK_POLL_S = 1.0
# Of a backlog, so that the journal is looked at in between.
FOLDED_AT_ONCE = 50_000
# What this process loads it adds at once; what others load, and what is left, so often.
FOLD_EVERY_S = 1.0
PRUNED_AT_ONCE = 20_000
TEXTS_PRUNED_AT_ONCE = 5_000
PRUNE_EVERY_S = 60.0


def run(directory: Path, *, poll_s: float, stop: threading.Event) -> None:
    """Load whenever there is something, until `stop`; then once more."""
    reporter = Reporter()
    reporter.report(_tried("the sums were not made anew", _follow_time_zone))
    prune_at = fold_at = time.monotonic()
    teacher = rule_stats.Teacher()
    rounds = chores.Round(chores.chores)
    while not stop.is_set():
        due = time.monotonic() >= fold_at
        result = load(directory, fold=due)
        if due or result.loaded:
            fold_at = time.monotonic() + FOLD_EVERY_S
        if time.monotonic() >= prune_at:
            result += _tried("old text was not deleted", _prune_texts)
            result += _tried("old decisions were not pruned", _prune)
            prune_at = time.monotonic() + PRUNE_EVERY_S
        reporter.report(result)
        teacher.work()
        rounds.work()
        stop.wait(poll_s)
    reporter.report(load(directory))


def load(directory: Path, *, fold: bool = True) -> loader.LoadResult:
    """Load once, over a connection that is known to work, and add to the sums.

    Without `fold` only what was loaded makes that look: it writes, and costs more than
    finding that there is nothing to load.
    """
    close_old_connections()
    result = loader.load_once(directory)
    if result.problem or not (fold or result.loaded):
        return result
    return result + _tried("the sums are behind", _fold)


def _fold() -> None:
    rollups.fold(at_most=FOLDED_AT_ONCE)


def _prune() -> None:
    """Prune a bounded part; while much is old, that is a part a minute."""
    days = settings.CASCADE_RETENTION_DAYS
    if not days:
        return
    if count := retention.prune(days=days, at_most=PRUNED_AT_ONCE):
        logger.info("%d decisions older than %d days were deleted.", count, days)


def _prune_texts() -> None:
    old = text_retention.older_than(text_retention.days_kept())
    if count := text_retention.delete(old, at_most=TEXTS_PRUNED_AT_ONCE):
        logger.info("Kept text of %d decisions was old and was deleted.", count)


def _follow_time_zone() -> None:
    """Make the sums anew when TIME_ZONE was changed, once for each start.

    Not more often: two hosts that disagree about it must not do so in turn for ever.
    """
    standing = rollups.standing()
    if standing.other_zone:
        logger.warning(
            "TIME_ZONE is no longer %s: sums are being made anew.", standing.time_zone
        )
        rollups.rebuild()


def _tried(trouble: str, step: Callable[[], None]) -> loader.LoadResult:
    """Take a step that a database in trouble may refuse; it is taken again later."""
    try:
        step()
    except (DatabaseError, InterfaceError) as problem:
        connection.close()
        said = f"{trouble}: {type(problem).__name__}: {problem}".strip()
        return loader.LoadResult(problem=said)
    return loader.LoadResult()


class Reporter:
    """Logs what changed, not what goes on."""

    def __init__(self) -> None:
        self._problem = ""

    def report(self, result: loader.LoadResult) -> None:
        """Log a problem that is new, its end, and refused lines; nothing else."""
        if result.problem and result.problem != self._problem:
            logger.warning("The account is not up to date: %s", result.problem)
        elif self._problem and not result.problem:
            logger.info("The account is up to date again.")
        self._problem = result.problem
        if result.rejected:
            logger.error(
                "%d journal lines could not be loaded; they are kept in %s",
                result.rejected,
                loader.REJECTED_NAME,
            )
        if result.labels_lost:
            logger.error(
                "%d labels belong to decisions that are not there.", result.labels_lost
            )
        if result.texts_lost:
            logger.error(
                "Kept text of %d decisions could not be loaded and is gone.",
                result.texts_lost,
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
