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
ROOM = 64
# Each holds a request and what was answered to it, of 32 MB at the worst.
ROOM_BYTES = 128 * 1024 * 1024
WORKERS = 4

Task = Callable[[], None]


class ShadowPool:
    """Runs tasks one after the other, a few at once; what finds no room is dropped.

    Room is a number of tasks and of the bytes they hold, those under way included.

    Its threads (under gevent, greenlets) start with the first task of a process. What
    waits when the process ends is lost, and counted where it ends in good order.
    """

    def __init__(
        self,
        *,
        room: int = ROOM,
        room_bytes: int = ROOM_BYTES,
        workers: int = WORKERS,
    ) -> None:
        self._room = room
        self._room_bytes = room_bytes
        self._held_bytes = 0
        self._workers = workers
        self._lock = threading.Lock()
        self._tasks: queue.Queue[tuple[Task, int]] = queue.Queue(room)
        self._pid = 0

    def offer(self, task: Task, *, size_bytes: int = 0) -> bool:
        """Take `task`, which holds so many bytes, for later. Never waits.

        Whether there was room comes back.
        """
        self._start()
        if self._take(size_bytes):
            try:
                self._tasks.put_nowait((task, size_bytes))
            except queue.Full:
                self._give_back(size_bytes)
            else:
                return True
        instruments.count(instruments.SHADOW_DROPPED)
        return False

    def give_up(self) -> int:
        """Drop what waits and say how much that was; for the end of a process."""
        dropped = 0
        with suppress(queue.Empty):
            while True:
                self._give_back(self._tasks.get_nowait()[1])
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
                self._held_bytes = 0
                for _ in range(self._workers):
                    threading.Thread(
                        target=self._work, args=(self._tasks,), daemon=True
                    ).start()
                self._pid = os.getpid()
                atexit.register(self.give_up)

    def _take(self, size_bytes: int) -> bool:
        with self._lock:
            if self._held_bytes + size_bytes > self._room_bytes:
                return False
            self._held_bytes += size_bytes
            return True

    def _give_back(self, size_bytes: int) -> None:
        with self._lock:
            self._held_bytes -= size_bytes

    def _work(self, tasks: queue.Queue[tuple[Task, int]]) -> None:
        while True:
            task, size_bytes = tasks.get()
            try:
                task()
            except Exception:
                logger.exception("A shadow evaluation failed.")
            finally:
                del task  # what it holds is let go before its room is
                self._give_back(size_bytes)
                tasks.task_done()


pool = ShadowPool()
