"""Claude Code without its screen: a home and a folder of its own, a dummy key."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.programs import npm_package
from tests.wire import parsed

VERSION = "2.1.330"
LIMIT_S = 90.0


class ClaudeCode:
    """The program; use it as a context manager. It works in `folder`.

    Whatever is not on this machine it can reach only by a proxy that nobody serves:
    leaving raises AssertionError when it tried.
    """

    def __init__(self, scratch: Path) -> None:
        """Install it when it is not there, or skip the test."""
        self._bin = npm_package("@anthropic-ai/claude-code", VERSION) / ".bin"
        self._home = scratch / "home"
        self.folder = scratch / "work"
        self._home.mkdir()
        self.folder.mkdir()
        self._elsewhere = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Look whether it called anybody else."""
        with self._elsewhere as listening:
            listening.setblocking(False)
            try:
                caller, _ = listening.accept()
            except BlockingIOError:
                return
            caller.close()
        raise AssertionError("it called somebody who is not on this machine")

    @property
    def discovered(self) -> dict[str, Any]:
        """What it keeps of the list of models that it asked for."""
        kept = self._home / ".claude" / "cache" / "gateway-models.json"
        models: dict[str, Any] = parsed(kept.read_text())
        return models

    def environment(self, base_url: str, key: str, **more: str) -> dict[str, str]:
        """Return all that it is told: whom to call, and to call nobody else."""
        node = Path(shutil.which("node") or os.defpath).parent
        nowhere = f"http://127.0.0.1:{self._elsewhere.getsockname()[1]}"
        return {
            "PATH": os.pathsep.join([str(self._bin), str(node), os.defpath]),
            "HOME": str(self._home),
            "ANTHROPIC_BASE_URL": base_url,
            "ANTHROPIC_API_KEY": key,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "NO_PROXY": "127.0.0.1",
            **more,
        }

    def run(
        self, environment: Mapping[str, str], *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        """Return how `claude -p ARGUMENTS` ended, whatever it ended with."""
        return self.shell(
            environment, [str(self._bin / "claude"), "-p", *arguments], LIMIT_S
        )

    def shell(
        self, environment: Mapping[str, str], command: list[str], limit_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Return how a command ended that ran in its folder."""
        return subprocess.run(  # noqa: S603  fixed by the tests
            command,
            cwd=self.folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )

    def lines(
        self, environment: Mapping[str, str], *arguments: str
    ) -> list[dict[str, Any]]:
        """Return each line of its `stream-json` when all went well."""
        form = ("--output-format", "stream-json", "--verbose")
        done = self.run(environment, *form, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return [parsed(line) for line in done.stdout.splitlines()]


def of_type(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the lines of a type, in order."""
    return [line for line in lines if line["type"] == kind]


def result_of(lines: list[dict[str, Any]]) -> str:
    """Return what it said in the end; more than one result when agents reported."""
    last = of_type(lines, "result")[-1]
    assert not last["is_error"], last
    return str(last["result"])
