"""The processes of a bench: upstream, bare floor, proxy with its keeper.

Each is a context manager and ends with its block, whatever ends that: SIGTERM first,
SIGKILL when that does not help. Nothing of the caller's environment reaches them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from bench import procfs, wire
from bench.load import Address

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
# After an interruption our own connections are still open, and nobody waits for them.
GRACEFUL_S = 1
LOOK_EVERY_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that answers. `start_s`: from its start to its first 200."""

    address: Address
    pid: int
    start_s: float = 0.0

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        mine = procfs.command(self.pid)
        return [p for p in procfs.children(self.pid) if procfs.command(p) == mine]

    @property
    def helpers(self) -> list[int]:
        """The processes beside the workers: the arbiter and what it started."""
        workers = set(self.workers)
        others = [p for p in procfs.children(self.pid) if p not in workers]
        return [self.pid, *others]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a proxy lives: its files, its settings, and the key it knows."""

    directory: Path
    environment: Mapping[str, str] = field(repr=False)
    key: str = field(repr=False)

    @property
    def journal(self) -> Path:
        """The directory of the decisions that are not in the database yet."""
        return self.directory / "journal"

    @property
    def database(self) -> Path:
        """The file of the database."""
        return self.directory / "db.sqlite3"

    def decisions_loaded(self) -> int:
        """Return how many decisions are in the database."""
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            counted = database.execute("SELECT count(*) FROM metrics_routingdecision")
            return int(counted.fetchone()[0])


@contextlib.contextmanager
def upstream() -> Iterator[Serving]:
    """Yield the scripted upstream."""
    with _process(["bench.upstream"], _environment()) as process:
        assert process.stdout is not None  # noqa: S101  it is a pipe
        port = int(process.stdout.readline())
        yield Serving(address=(LOOPBACK, port), pid=process.pid)


@contextlib.contextmanager
def floor(upstream_port: int, *, workers: int) -> Iterator[Serving]:
    """Yield the bare floor, on gevent workers."""
    port = _free_port()
    arguments = ["gunicorn", "-k", "gevent", "-w", str(workers)]
    arguments += ["-b", f"{LOOPBACK}:{port}"]
    arguments += ["--worker-connections", "2000", "--keep-alive", "75"]
    arguments += ["--graceful-timeout", str(GRACEFUL_S)]
    arguments += ["--log-level", "warning", "--no-control-socket"]
    arguments += [f"bench.floor:application('{upstream_port}')"]
    with _process(arguments, _environment()) as process:
        address = (LOOPBACK, port)
        start_s = _wait_for_200(address, wire.request(wire.answer_model(0), key="none"))
        serving = Serving(address=address, pid=process.pid, start_s=start_s)
        _wait_for_workers(serving, workers)
        yield serving


@contextlib.contextmanager
def decisions(site: Site) -> Iterator[None]:
    """Keep the keeper of `site` busy."""
    with _process(["bench.decisions", str(site.journal)], dict(site.environment)):
        yield


def prepare(directory: Path, upstream_port: int, worker_class: str) -> Site:
    """Return a site in `directory`, migrated and filled. Takes a few seconds."""
    environment = _environment() | {
        "CASCADE_ENV_FILE": str(directory / "no-such-file"),
        "DJANGO_SETTINGS_MODULE": "cascadeproxy.settings",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "CASCADE_KEY_PEPPER": secrets.token_urlsafe(40),
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": f"sqlite:///{directory / 'db.sqlite3'}",
        "CASCADE_JOURNAL_DIR": str(directory / "journal"),
        "CASCADE_METRICS_DIR": str(directory / "run"),
        "CASCADE_SIMULATOR": "off",
        "CASCADE_GRACEFUL_TIMEOUT_S": str(GRACEFUL_S),
        "CASCADE_WORKER_CLASS": worker_class,
    }
    url = f"http://{LOOPBACK}:{upstream_port}"
    done = subprocess.run(  # noqa: S603  our own interpreter and module
        [sys.executable, "-m", "bench.prepare", url],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Site(directory=directory, environment=environment, key=done.stdout.strip())


@contextlib.contextmanager
def proxy(site: Site, *, workers: int) -> Iterator[Serving]:
    """Yield the proxy of `site` with its keeper, once it answered through upstream.

    It logs to `proxy.log` in the directory of the site.
    """
    port = _free_port()
    environment = dict(site.environment)
    environment |= {"CASCADE_PORT": str(port), "CASCADE_WORKERS": str(workers)}
    arguments = ["gunicorn", "-c", "cascadeproxy/gunicorn_conf.py"]
    with (
        (site.directory / "proxy.log").open("ab") as log,
        _process(arguments, environment, log=log.fileno()) as process,
    ):
        address = (LOOPBACK, port)
        request = wire.request(wire.answer_model(0), key=site.key)
        start_s = _wait_for_200(address, request)
        serving = Serving(address=address, pid=process.pid, start_s=start_s)
        _wait_for_workers(serving, workers)
        yield serving


@contextlib.contextmanager
def _process(
    arguments: Sequence[str], environment: Mapping[str, str], *, log: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module. Ctrl-C does not reach it, the end of the block does."""
    process = subprocess.Popen(  # noqa: S603  our own interpreter and modules
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if log is None else log,
        stderr=log,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        # Its session is its own, and so all its children are in this group.
        os.killpg(process.pid, signal.SIGKILL)


def _wait_for_200(address: Address, request: bytes) -> float:
    """Return the seconds until `request` is answered well. Raises TimeoutError."""
    started = time.perf_counter()
    while not _is_answered(address, request):
        if time.perf_counter() - started > START_LIMIT_S:
            raise TimeoutError(f"nothing good from {address} in {START_LIMIT_S} s")
        time.sleep(LOOK_EVERY_S)
    return time.perf_counter() - started


def _is_answered(address: Address, request: bytes) -> bool:
    try:
        with socket.create_connection(address, timeout=START_LIMIT_S) as sock:
            sock.sendall(request)
            return sock.recv(65_536).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def _wait_for_workers(serving: Serving, workers: int) -> None:
    """Wait until all workers have loaded what they need, which makes them large."""
    deadline = time.perf_counter() + START_LIMIT_S
    while len(serving.workers) < workers and time.perf_counter() < deadline:
        time.sleep(LOOK_EVERY_S)


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(Path.home())}


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
