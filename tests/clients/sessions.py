"""The same program beside the proxy and through it, in each mode of the cascade."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.clients.accounts import MODES, Account, Accounts, Mode
from tests.clients.provision import DRAFT, SPENT, VERIFIER
from tests.clients.upstream import SceneUpstream
from tests.stack import Stack
from tests.wire import parsed

LIMIT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whom a program calls, as whom, and the name of the scenes it plays there.

    Faults are asked for with a key of their own: drafts that fail again and again may
    be skipped for a while.
    """

    url: str
    run: str
    model: str
    key: str = "sk-ant-direct"
    faulty_key: str = "sk-ant-direct"
    spent_key: str = "sk-ant-direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a program read through the proxy; `direct` without it, by model."""

    program: str
    mode: Mode
    account: Account
    read: dict[str, Any]
    direct: dict[str, dict[str, Any]]

    @property
    def answers(self) -> str:
        """The model that answers."""
        return DRAFT if self.mode == "accepting" else VERIFIER

    @property
    def expected(self) -> dict[str, Any]:
        """What the program reads from that model itself."""
        return self.direct[self.answers]


Play = Callable[[Caller], dict[str, Any]]


class Sessions:
    """Plays all sessions of a program side by side when one of them is asked for.

    Tests come in any order, and most of a session is waiting before another try.
    """

    def __init__(self, upstream: SceneUpstream, stack: Stack, keys: Accounts) -> None:
        self._upstream, self._stack, self._keys = upstream, stack, keys
        self._played: dict[tuple[str, Mode], Session] = {}

    def of(self, program: str, mode: Mode, play: Play) -> Session:
        """Return what the program reads through the proxy."""
        if (program, mode) not in self._played:
            self._play(program, play)
        return self._played[program, mode]

    def that_read(self, what: str) -> int:
        """How many sessions through the proxy read `what`: not every program can."""
        return sum(what in session.read for session in self._played.values())

    def _play(self, program: str, play: Play) -> None:
        accounts = {mode: self._keys.new(mode) for mode in MODES}
        with ThreadPoolExecutor() as pool:
            direct = {
                model: pool.submit(play, self._direct(program, model))
                for model in (DRAFT, VERIFIER)
            }
            through = {
                mode: pool.submit(play, self._through(program, mode, accounts[mode]))
                for mode in MODES
            }
        for mode in MODES:
            self._played[program, mode] = Session(
                program=program,
                mode=mode,
                account=accounts[mode],
                read=through[mode].result(),
                direct={model: run.result() for model, run in direct.items()},
            )

    def _direct(self, program: str, model: str) -> Caller:
        run = direct_run(program, model)
        return Caller(url=self._upstream.url, run=run, model=model)

    def _through(self, program: str, mode: Mode, account: Account) -> Caller:
        return Caller(
            url=self._stack.base_url,
            run=run_through(program, mode),
            model=VERIFIER,
            key=account.key,
            faulty_key=self._keys.new(mode, "faults").key,
            spent_key=self._keys.tagged(SPENT).key,
        )


def direct_run(program: str, model: str) -> str:
    """Return the name of the scenes that a program plays with the upstream itself."""
    return f"{program}-direct-{model}"


def run_through(program: str, mode: Mode) -> str:
    """Return the name of the scenes that a program plays through the proxy."""
    return f"{program}-{mode}"


def printed(*command: str) -> dict[str, Any]:
    """Return the JSON that a program of somebody else prints when all went well."""
    done = subprocess.run(  # noqa: S603  fixed by the tests
        command,
        env={"PATH": "", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = parsed(done.stdout)
    return read
