"""A Redis of the tests' own, where its server is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

START_S = 10.0
BINARY = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(
    BINARY is None, reason="no redis-server is installed (apt-get install redis-server)"
)


class RedisServer:
    """A redis-server on a free port of this machine and on a socket in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.socket_url = f"unix://{directory}/redis.sock"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, unless it runs, empty, and wait until it accepts connections."""
        if self._process is not None:
            return
        assert BINARY is not None
        options = {
            "--bind": "127.0.0.1",
            "--port": self.port,
            "--unixsocket": self._directory / "redis.sock",
            "--save": "",
            "--appendonly": "no",
            "--dir": self._directory,
        }
        words = [str(word) for option in options.items() for word in option]
        self._process = subprocess.Popen(  # noqa: S603  found on the path
            [BINARY, *words], stdout=subprocess.DEVNULL
        )
        self._wait()

    def stop(self) -> None:
        """Kill it. What it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return
            except OSError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.01)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
