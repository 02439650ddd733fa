"""The whole product for end-to-end tests: a live gunicorn with files of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from metrics.rows import call_from_json
from tests.wire import Answer, call, parsed

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0
STOP_S = 15.0
T = TypeVar("T")

_numbers = itertools.count(1)


def new_model(rule: str = "plain") -> str:
    """Return a model name no other test uses, under the rule of that name if any."""
    return f"{rule}-{next(_numbers)}"


def wait_for(what: str, probe: Callable[[], T], *, timeout_s: float = 60.0) -> T:
    """Return the first truthy result of `probe`, asked again and again.

    Raises AssertionError, saying `what` did not come, after `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while not (result := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s for {what}; last: {result!r}")
        time.sleep(0.01)
    return result


class Template:
    """A migrated, filled database that stacks start from; a module fills it."""

    def __init__(
        self, directory: Path, upstream_url: str, *, provision: str = "tests.provision"
    ) -> None:
        stack = Stack(self, directory, {})
        stack.data.mkdir(parents=True)
        stack.write_settings()
        printed = stack.python("-m", provision, upstream_url)
        self.database = stack.database
        self.keys: dict[str, str] = parsed(printed)
        with closing(sqlite3.connect(self.database)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Stack:
    """One gunicorn with its keeper; use it as a context manager.

    `settings` are environment variables of the product beside the usual ones here.
    """

    def __init__(
        self, template: Template, directory: Path, settings: dict[str, str]
    ) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.database = self.data / "db.sqlite3"
        self.journal = directory / "journal"
        self.log_path = directory / "server.log"
        self._template = template
        self._settings = settings
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Stack:
        self.prepare()
        self.start()
        return self

    def prepare(self) -> None:
        """Make its files; whoever does not enter it starts and stops it."""
        self.data.mkdir(parents=True)
        shutil.copy(self._template.database, self.database)
        self.write_settings()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """Where it serves; the same after a restart."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def key(self) -> str:
        """The key `acme`, without a tag."""
        return self.keys["acme"]

    @property
    def keys(self) -> dict[str, str]:
        """Client keys by name."""
        return self._template.keys

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process here: nothing of the developer's own."""
        return {
            "PATH": os.defpath,
            "HOME": str(self.directory),
            "CASCADE_ENV_FILE": str(self.directory / "env"),
            "DJANGO_SETTINGS_MODULE": "cascadeproxy.settings",
        }

    def write_settings(self) -> None:
        """Write the env file."""
        settings = {
            "SECRET_KEY": "stack-" + "k" * 60,
            "CASCADE_KEY_PEPPER": "stack-" + "p" * 40,
            "FIELD_KEYS": "dGVzdC1vbmx5LWZpZWxkLWtleS0zMi1ieXRlcy1sb24=",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "CASCADE_JOURNAL_DIR": str(self.journal),
            "CASCADE_METRICS_DIR": str(self.directory / "run"),
            "CASCADE_STATE_DIR": str(self.directory / "run"),
            "CASCADE_PORT": str(self._port),
            "CASCADE_WORKERS": "1",
            "CASCADE_SIMULATOR": "off",
            # A rule whose drafts are turned down on purpose must not learn better.
            "CASCADE_LEARNING": "false",
            "CASCADE_KEEPER_POLL_S": "0.1",
            "CASCADE_GRACEFUL_TIMEOUT_S": "5",
            # A burst on a busy machine is no reason to count a store as away.
            "CASCADE_LIMITS_WAIT_S": "60",
            **self._settings,
        }
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (self.directory / "env").write_text("".join(lines))

    def start(self) -> None:
        """Start gunicorn, unless it runs, and wait until it is ready."""
        if self._process is not None:
            return
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "gunicorn",
                    "-c",
                    "cascadeproxy/gunicorn_conf.py",
                ],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_for("the stack to be ready", self._ready, timeout_s=START_S)
        except BaseException:
            self.kill()
            raise

    def ask_to_stop(self) -> None:
        """Send the signal of an operator who wants it to end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Stop as an operator would; kill what is left after a while."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not stop:\n{self.log}") from None
        finally:
            self.kill()

    def kill(self) -> None:
        """kill -9 every process: arbiter, workers and keeper."""
        if self._process is None:
            return
        for pid in [self._process.pid, *self.child_pids]:
            _kill(pid)
        self._process.communicate()
        self._process = None

    @property
    def child_pids(self) -> list[int]:
        """The processes that the arbiter's threads started: workers and the keeper."""
        if self._process is None:
            return []
        listed = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        return [int(word) for path in listed for word in _read(path).split()]

    @property
    def worker_pids(self) -> list[int]:
        """The processes that answer requests."""
        return [pid for pid in self.child_pids if _is_worker(pid)]

    def kill_a_worker(self) -> None:
        """kill -9 one worker."""
        _kill(self.worker_pids[0])

    @contextmanager
    def only_worker(self, pid: int) -> Iterator[None]:
        """Let one worker alone serve: the others are stopped meanwhile."""
        others = [other for other in self.worker_pids if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            yield
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)

    def python(self, *arguments: str) -> str:
        """Return what a Python process in this environment prints."""
        done = subprocess.run(  # noqa: S603  our own interpreter
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def change(self, code: str) -> str:
        """Run `code` against the configuration in another process; what it prints."""
        prelude = "import django; django.setup(); from routing.models import *\n"
        return self.python("-c", prelude + code)

    def call(self, method: str, path: str, **options: Any) -> Answer:
        """Return the whole answer; options are those of `tests.wire.call`."""
        return call(self.base_url, method, path, **options)

    def ask(self, body: bytes, *, path: str = "/v1/messages", **headers: str) -> Answer:
        """Return the answer to a POST with the key `acme`; `_` is `-` in headers."""
        return self.call("POST", path, body=body, headers=self.headers(**headers))

    def headers(self, **more: str) -> dict[str, str]:
        """Return the headers a client of key `acme` sends; "" leaves one out."""
        usual = {
            "x-api-key": self.key,
            "anthropic-version": "2023-06-01",
            "content-type": "application/json",
        }
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {name: value for name, value in (usual | named).items() if value}

    def decisions(self, model: str, *, count: int = 1) -> list[dict[str, Any]]:
        """Return the rows of requests for `model` once there are `count` of them."""
        query = "SELECT * FROM metrics_routingdecision WHERE requested_model = ?"

        def rows() -> list[dict[str, Any]]:
            found = self.query(query, model)
            return found if len(found) >= count else []

        return wait_for(f"{count} decisions on {model}", rows)

    def decision(self, model: str) -> dict[str, Any]:
        """Return the one row of a request for `model`; `calls` are CallRecords."""
        (row,) = self.decisions(model)
        calls = tuple(call_from_json(call) for call in parsed(row["calls"]))
        return row | {"calls": calls, "signals": parsed(row["signals"])}

    def query(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """Return rows of the database, read beside the product."""
        address = f"file:{self.database}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=5)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql, parameters)]

    @property
    def log(self) -> str:
        """What the processes printed."""
        return _read(self.log_path)

    def _ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"it did not start:\n{self.log}")
        try:
            return self.call("GET", "/ready").status == 200
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _is_worker(pid: int) -> bool:
    return "gunicorn" in _read(Path(f"/proc/{pid}/cmdline"))


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
