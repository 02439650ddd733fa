"""Work that waits until an answer has gone: in memory, bounded, never on disk."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from metrics import instruments

logger = logging.getLogger(__name__)
# Each holds a request and a draft: of the longest, some hundred megabytes together.
ROOM = 64
WORKERS = 4

Task = Callable[[], None]


class ShadowPool:
    """Runs tasks one after the other, a few at once; what finds no room is dropped.

    Its threads (under gevent, greenlets) start with the first task of a process. What
    waits when the process ends is lost, and counted where it ends in good order.
    """

    def __init__(self, *, room: int = ROOM, workers: int = WORKERS) -> None:
        self._room = room
        self._workers = workers
        self._lock = threading.Lock()
        self._tasks: queue.Queue[Task] = queue.Queue(room)
        self._pid = 0

    def offer(self, task: Task) -> bool:
        """Take `task` for later; whether there was room comes back. Never waits."""
        self._start()
        try:
            self._tasks.put_nowait(task)
        except queue.Full:
            instruments.count(instruments.SHADOW_DROPPED)
            return False
        return True

    def give_up(self) -> int:
        """Drop what waits and say how much that was; for the end of a process."""
        dropped = 0
        with suppress(queue.Empty):
            while True:
                self._tasks.get_nowait()
                instruments.count(instruments.SHADOW_DROPPED)
                dropped += 1
        if dropped:
            logger.warning("%d shadow evaluations were given up.", dropped)
        return dropped

    def wait(self) -> None:
        """Return when all that was taken is done. For tests and commands."""
        self._tasks.join()

    def _start(self) -> None:
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid != os.getpid():
                self._tasks = queue.Queue(self._room)
                for _ in range(self._workers):
                    threading.Thread(
                        target=self._work, args=(self._tasks,), daemon=True
                    ).start()
                self._pid = os.getpid()
                atexit.register(self.give_up)

    def _work(self, tasks: queue.Queue[Task]) -> None:
        while True:
            task = tasks.get()
            try:
                task()
            except Exception:
                logger.exception("A shadow evaluation failed.")
            finally:
                tasks.task_done()


pool = ShadowPool()
