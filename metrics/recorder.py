"""Takes decisions from the hot path into the journal; never gives an exception back."""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from prometheus_client import Counter

from metrics import instruments, lines
from metrics.journal import Journal
from metrics.types import DecisionRecord

logger = logging.getLogger(__name__)
LOG_EVERY_S = 60.0


class Losses:
    """Counts what is lost; logs the first, then at most one line a minute."""

    def __init__(self, what: str, counter: Counter) -> None:
        self._what = what
        self._counter = counter
        self._since_log = 0
        self._log_again_at = float("-inf")

    def note(self, problem: str) -> None:
        """Note one more, and why."""
        instruments.count(self._counter)
        self._since_log += 1
        now = time.monotonic()
        if now >= self._log_again_at:
            logger.error("%s lost: %d. %s", self._what, self._since_log, problem)
            self._since_log = 0
            self._log_again_at = now + LOG_EVERY_S


class Recorder:
    """Writes decisions to one journal and shouts, not too often, about lost ones."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lost = Losses("Decisions", instruments.DECISIONS_LOST)

    def record(self, record: DecisionRecord) -> bool:
        """Append `record`; whether it was written whole comes back.

        Never raises: an answer that was given must not fail because of its account.
        """
        try:
            self._journal.append(lines.encode(record))
        except Exception as problem:  # noqa: BLE001  the one place: see the docstring
            self._lost.note(repr(problem))
            return False
        return True

    def writable(self) -> bool:
        """Whether a decision could be written now, for `/ready`."""
        try:
            self._journal.check()
        except OSError:
            return False
        return True


@lru_cache(maxsize=4)
def recorder_for(directory: Path) -> Recorder:
    """Return this process's recorder for `directory`, always the same one."""
    return Recorder(Journal(directory))


def record(record: DecisionRecord) -> bool:
    """Write a decision down; False when it was lost. Never raises."""
    return recorder_for(settings.CASCADE_JOURNAL_DIR).record(record)


def writable() -> bool:
    """Whether a decision could be written now, for `/ready`."""
    return recorder_for(settings.CASCADE_JOURNAL_DIR).writable()
