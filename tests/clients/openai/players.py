"""Programs of others that play one session after another: started once, as told."""

from __future__ import annotations

import json
import select
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.clients.sessions import LIMIT_S
from tests.programs import python_with
from tests.wire import parsed

HERE = Path(__file__).parent


class Players:
    """The programs that were asked so far; leaving ends them."""

    def __init__(self) -> None:
        self._started: dict[tuple[str, str], subprocess.Popen[str]] = {}
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def read(self, script: str, requirement: str, job: dict[str, str]) -> Any:
        """Return what a program reads in the session of `job`."""
        player = self._started.get((script, requirement))
        if player is None:
            player = self._start(script, requirement)
            self._started[script, requirement] = player
        assert player.stdin is not None
        assert player.stdout is not None
        player.stdin.write(json.dumps(job) + "\n")
        player.stdin.flush()
        ready, _, _ = select.select([player.stdout], [], [], LIMIT_S)
        assert ready, f"{script} says nothing"
        told: dict[str, Any] = parsed(player.stdout.readline())
        assert "failed" not in told, told["failed"]
        return told

    def _start(self, script: str, requirement: str) -> subprocess.Popen[str]:
        player = subprocess.Popen(  # noqa: S603  fixed by the tests
            [str(python_with(requirement)), str(HERE / f"{script}_session.py")],
            env={"PATH": "", "HOME": "/nonexistent"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ending.enter_context(player)  # closes its input, which ends it
        return player
