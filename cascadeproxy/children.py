"""The processes beside the workers: kept alive by the arbiter, gone when it goes.

A plain thread of the arbiter looks after them. It spawns with `posix_spawn`: a fork of
a worker at the same moment then inherits no pipe that the spawning waits for. Each
child holds the reading end of a pipe as standard input and ends when the pipe does, so
that not even kill -9 of the arbiter leaves one behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

LOOK_EVERY_S = 0.2
SETTLED_AFTER_S = 2.0
LONGEST_PAUSE_S = 5.0
STOP_WITHIN_S = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a child runs: a module with arguments; a quiet one's output is dropped."""

    name: str
    arguments: tuple[str, ...]
    quiet: bool = False


class Child:
    """One program and the process that runs it at the moment."""

    def __init__(self, program: Program, environment: Mapping[str, str]) -> None:
        self.program = program
        self._environment = dict(environment)
        self._pid = 0
        self._lifeline: int | None = None
        self._started_at = 0.0
        self._pause_s = 0.0
        self._not_before = 0.0

    def start(self) -> None:
        """Start the program."""
        reading, self._lifeline = os.pipe()
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]]
        actions = [(os.POSIX_SPAWN_DUP2, reading, 0)]
        if self.program.quiet:
            actions.append((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0))
        command = [sys.executable, "-m", "cascadeproxy.with_parent"]
        try:
            self._pid = os.posix_spawn(
                sys.executable,
                [*command, *self.program.arguments],
                self._environment,
                file_actions=actions,
                # A Ctrl-C at the terminal is for the arbiter, which stops us in turn.
                setpgroup=0,
            )
        finally:
            os.close(reading)
        self._started_at = time.monotonic()

    @property
    def pid(self) -> int:
        """The process now; 0 when there is none."""
        return self._pid

    def alive(self) -> bool:
        """Return whether the process runs; what has ended is reaped."""
        if self._pid and _has_ended(self._pid):
            self._pid = 0
            self.release()
            self._rest()
        return bool(self._pid)

    def due(self) -> bool:
        """Return whether a child that ended may start again now."""
        return time.monotonic() >= self._not_before

    def _rest(self) -> None:
        # At once after a good while; one that keeps ending waits longer each time.
        now = time.monotonic()
        settled = now - self._started_at >= SETTLED_AFTER_S
        self._pause_s = (
            0.0 if settled else min(2 * self._pause_s + 0.5, LONGEST_PAUSE_S)
        )
        self._not_before = now + self._pause_s

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, if there is one."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def release(self) -> None:
        """Let go of the pipe: in a forked worker, or when the process has ended."""
        lifeline, self._lifeline = self._lifeline, None
        if lifeline is not None:
            with contextlib.suppress(OSError):
                os.close(lifeline)


class Children:
    """All children of one arbiter."""

    def __init__(
        self, programs: Iterable[Program], environment: Mapping[str, str], say: Say
    ) -> None:
        self.members = [Child(program, environment) for program in programs]
        self._say = say
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._look_after, name="children", daemon=True
        )

    def start(self) -> None:
        """Start every child, and the thread that looks after them."""
        for child in self.members:
            child.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop every child: SIGTERM, and SIGKILL for what is left after 5 s."""
        self._stopping.set()
        self._thread.join()
        for child in self.members:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while any(c.alive() for c in self.members) and time.monotonic() < deadline:
            time.sleep(0.02)
        for child in self.members:
            child.signal(signal.SIGKILL)
            child.release()

    def release(self) -> None:
        """Let go of the pipes; for a worker, which inherited them by its fork."""
        for child in self.members:
            child.release()

    def _look_after(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            for child in self.members:
                if not child.alive() and child.due():
                    child.start()
                    self._say(f"{child.program.name} ended and was started again")


def _has_ended(pid: int) -> bool:
    # The arbiter reaps all children of the process and may be first.
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def ask_for_simulator(environment: Mapping[str, str]) -> str:
    """Return where the database wants a simulator, `host:port`; "" for nowhere.

    Takes a Django start, in a process of its own so that the arbiter needs none. Ask
    before workers are forked: one would hold the pipe we wait on.
    """
    answer = subprocess.run(
        [sys.executable, "-m", "django", "proxy", "simulator"],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return answer.stdout.strip()
