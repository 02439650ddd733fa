"""Takes kept text into journal files of its own; never gives an exception back.

A file is given up some seconds after its first text, so that the keeper takes it away:
text must not lie in the journal for longer than it is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from metrics import instruments, lines
from metrics.journal import Journal, JournalError
from metrics.recorder import Losses
from metrics.types import TextRecord

# What is left of a nearly full disk is for decisions.
ROOM_BYTES = 64 * 1024 * 1024
OPEN_FOR_S = 5.0

Later = Callable[[float, Callable[[], None]], None]


def _later(wait_s: float, act: Callable[[], None]) -> None:
    timer = threading.Timer(wait_s, act)
    timer.daemon = True
    timer.start()


class TextRecorder:
    """Writes text to one journal after another and counts what it could not."""

    def __init__(self, directory: Path, *, later: Later = _later) -> None:
        self._journal = Journal(directory)
        self._later = later
        self._open = False
        self._lost = Losses("Kept texts", instruments.TEXTS_LOST)

    def keep(self, text: TextRecord) -> bool:
        """Append text whose decision is written; whether it was written comes back.

        Never raises, and leaves the last of the disk to decisions.
        """
        try:
            self._append(lines.encode_text(text))
        except Exception as problem:  # noqa: BLE001  no answer fails for its text
            self.lose(problem)
            return False
        return True

    def lose(self, problem: Exception) -> None:
        """Note a text that was not kept, by the kind of trouble.

        Not by what it says: that may quote the text.
        """
        self._lost.note(type(problem).__name__)

    def _append(self, line: bytes) -> None:
        if self._journal.room_bytes() < ROOM_BYTES:
            raise JournalError("the disk is nearly full")
        if not self._open:
            self._open = True
            self._later(OPEN_FOR_S, self._give_up_file)
        self._journal.append(line)

    def _give_up_file(self) -> None:
        self._open = False
        self._journal.close()


@lru_cache(maxsize=4)
def recorder_for(directory: Path) -> TextRecorder:
    """Return this process's recorder of text for `directory`, always the same one."""
    return TextRecorder(directory)


def current() -> TextRecorder:
    """Return the recorder of text for the journal of the settings."""
    return recorder_for(settings.CASCADE_JOURNAL_DIR)
