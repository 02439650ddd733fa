"""The simulator inside a test's own process, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Self

from routing.simulator.faults import parse_faults
from routing.simulator.listener import Listener
from routing.simulator.scripts import Script, ScriptedAnswer
from routing.simulator.server import FakeUpstream
from routing.simulator.values import Behaviour, Reply, Request


class Simulator:
    """A simulator on a free port of 127.0.0.1; use it as a context manager.

    `requests` holds every request in order of arrival, `abandoned` those whose client
    left before the end of the answer. Options are those of `Behaviour`.
    """

    def __init__(self, **options: Any) -> None:
        behaviour = Behaviour(**options)
        parse_faults(behaviour.fault)
        self.requests: list[Request] = []
        self.abandoned: list[Request] = []
        self.url = ""
        self._script = Script()
        self._upstream = FakeUpstream(behaviour)
        self._changed = Condition()
        self._listener = Listener(self._answer, self._abandon)
        self._running: tuple[asyncio.AbstractEventLoop, Thread] | None = None

    def __enter__(self) -> Self:
        """Listen; `url` is set when this returns."""
        loop = asyncio.new_event_loop()
        port = loop.run_until_complete(self._listener.open("127.0.0.1", 0))
        thread = Thread(target=loop.run_forever, name="simulator", daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{port}"
        self._running = loop, thread
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drop every connection and free the port."""
        self.close()

    def script(self, answers: Iterable[ScriptedAnswer]) -> None:
        """Queue answers for the next requests; without any, the simulator answers."""
        self._script.extend(answers)

    def wait_for_requests(self, count: int, timeout_s: float = 5.0) -> bool:
        """Return whether `count` requests have come, waiting at most `timeout_s`."""
        return self._wait(lambda: len(self.requests) >= count, timeout_s)

    def wait_for_abandoned(self, count: int = 1, timeout_s: float = 5.0) -> bool:
        """Return whether `count` clients have left, waiting at most `timeout_s`."""
        return self._wait(lambda: len(self.abandoned) >= count, timeout_s)

    def close(self) -> None:
        """Stop; closing twice is fine."""
        if self._running is None:
            return
        (loop, thread), self._running = self._running, None
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(self._listener.close())
        loop.close()

    def _answer(self, request: Request) -> Reply:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        return self._script.take(request) or self._upstream.answer(request)

    def _abandon(self, request: Request) -> None:
        with self._changed:
            self.abandoned.append(request)
            self._changed.notify_all()

    def _wait(self, reached: Callable[[], bool], timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(reached, timeout_s)
