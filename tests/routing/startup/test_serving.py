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
from routing.startup import serving
from tests.stack import wait_for

ROOT = Path(__file__).resolve().parents[3]
LAST_LINE = "ANTHROPIC_BASE_URL="
BODY = (
    '{"model": "claude-opus-5-5", "max_tokens": 50, '
    '"messages": [{"role": "user", "content": "Hello"}]}'
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def home(tmp_path):
    values = {
        **fresh_secrets(),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "CASCADE_JOURNAL_DIR": str(tmp_path / "journal"),
        "CASCADE_METRICS_DIR": str(tmp_path / "run"),
        "CASCADE_PORT": str(free_port()),
        "CASCADE_SIMULATOR_PORT": str(free_port()),
    }
    lines = [f"{name}={value}\n" for name, value in values.items()]
    (tmp_path / ".env").write_text("".join(lines))
    return tmp_path


@contextmanager
def running(home: Path, *options: str):
    """Yield what `proxy run` printed until it served, and its process."""
    with (
        (home / "log").open("a") as log,
        subprocess.Popen(  # noqa: S603  our own command
            [sys.executable, "manage.py", "proxy", "run", *options],
            cwd=ROOT,
            env={"PATH": os.defpath, "CASCADE_ENV_FILE": str(home / ".env")},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
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
        answer = ask(first, "/v1/messages", BODY)
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


def test_two_servers_of_one_database_share_a_simulator(home):
    with running(home) as (_, one):
        rows = simulators(home)
        with running(home, "--port", str(free_port())) as (second, two):
            assert simulators(home) == rows
            one.send_signal(signal.SIGINT)
            assert one.wait(timeout=30) == 0
            wait_for(
                "the second's own simulator",
                lambda: ask(second, "/v1/messages", BODY).status == 200,
                timeout_s=5,
            )
        assert two.wait(timeout=30) == 0
    log = (home / "log").read_text()
    assert "cannot listen" not in log
    assert "started again" not in log


def test_a_simulator_is_started_at_an_address_of_your_own(monkeypatch, settings, db):
    settings.CASCADE_SIMULATOR = "127.0.0.1:18777"
    handed_on = []
    monkeypatch.setattr(serving.announcement, "announce_when_ready", lambda *_: None)
    monkeypatch.setattr(serving.connections, "close_all", lambda: None)
    monkeypatch.setattr(serving.os, "chdir", lambda _: None)
    monkeypatch.setattr(serving.os, "execve", lambda *given: handed_on.append(given[2]))
    server = serving.Server(
        host="127.0.0.1",
        port=9001,
        workers=1,
        log_level="info",
        auth_mode="api_key",
        allow_open=False,
    )
    serving.serve(server, "")
    assert handed_on[0]["CASCADE_SIMULATOR"] == "127.0.0.1:18777"


def simulators(home: Path) -> list[str]:
    return [row for row in contents(home) if "'simulator'" in row]


def settled(rows: list[str]) -> list[str]:
    # The keeper may load and sum up what the first run left at any moment.
    loaded = ("metrics_", "sqlite_sequence")
    return [row for row in rows if not any(f'INTO "{t}' in row for t in loaded)]
