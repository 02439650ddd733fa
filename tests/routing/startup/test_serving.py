"""`proxy run` as a process of its own, twice over the same files."""

import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cascadeproxy.bootstrap import fresh_secrets

ROOT = Path(__file__).resolve().parents[3]
LAST_LINE = "ANTHROPIC_BASE_URL="


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    directory = tmp_path_factory.mktemp("proxy-run")
    values = {
        **fresh_secrets(),
        "DATABASE_URL": f"sqlite:///{directory / 'db.sqlite3'}",
        "CASCADE_JOURNAL_DIR": str(directory / "journal"),
        "CASCADE_METRICS_DIR": str(directory / "run"),
        "CASCADE_PORT": str(free_port()),
        "CASCADE_SIMULATOR_PORT": str(free_port()),
    }
    lines = [f"{name}={value}\n" for name, value in values.items()]
    (directory / ".env").write_text("".join(lines))
    return directory


@contextmanager
def running(home: Path):
    """Yield what `proxy run` printed until it served, its address and its process."""
    with subprocess.Popen(
        [sys.executable, "manage.py", "proxy", "run"],
        cwd=ROOT,
        env={"PATH": os.defpath, "CASCADE_ENV_FILE": str(home / ".env")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            printed = []
            for line in process.stdout:
                printed.append(line)
                if line.startswith(LAST_LINE):
                    break
            yield "".join(printed), process
        finally:
            process.send_signal(signal.SIGINT)


def contents(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "db.sqlite3")) as database:
        return list(database.iterdump())


def ask(printed: str, path: str, body: str | None = None) -> http.client.HTTPResponse:
    line = printed.splitlines()[-1]
    words = dict(word.split("=", 1) for word in line.split() if "=" in word)
    host = words["ANTHROPIC_BASE_URL"].removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
        headers = {
            "x-api-key": words["ANTHROPIC_API_KEY"],
            "anthropic-version": "2023-06-01",
        }
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer


def test_sets_up_serves_and_changes_nothing_the_second_time(home):
    with running(home) as (first, process):
        assert "password shown this once" in first
        assert "Simulated:" in first
        assert ask(first, "/ready").status == 200
        body = (
            '{"model": "claude-opus-5-5", "max_tokens": 50, '
            '"messages": [{"role": "user", "content": "Hello"}]}'
        )
        answer = ask(first, "/v1/messages", body)
        assert answer.status == 200
        assert answer.getheader("x-cascade-outcome") in {"accepted", "escalated"}
    assert process.wait(timeout=30) == 0

    env, rows = (home / ".env").read_bytes(), settled(contents(home))
    with running(home) as (second, process):
        assert "password" not in second
        assert second.splitlines()[-1] == first.splitlines()[-1]
    assert process.wait(timeout=30) == 0
    assert (home / ".env").read_bytes() == env
    assert settled(contents(home)) == rows


def settled(rows: list[str]) -> list[str]:
    # The keeper may load the journal of the first run at any moment.
    loaded = ("metrics_routingdecision", "metrics_journalfile", "sqlite_sequence")
    return [row for row in rows if not any(f'INTO "{t}"' in row for t in loaded)]
