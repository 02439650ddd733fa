"""`python -m bench.postgres COMMAND...`: runs it with a PostgreSQL of its own.

The command finds its address in `TEST_DATABASE_URL`; its exit status is ours. The
server listens on loopback, keeps its files in a temporary directory and ends with the
command. It is not root's: started by root it is given to the user `postgres`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 30.0
NAME = "cascade"
OPTIONAL = "--if-available"
DEBIAN = Path("/usr/lib/postgresql")


class Unavailable(Exception):
    """There is no PostgreSQL here, or it does not start."""


@contextmanager
def server(*options: str) -> Iterator[str]:
    """Yield the address of a fresh server; `options` are settings such as fsync=off.

    Raises Unavailable.
    """
    programs, password = _programs(), secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="cascade-postgres-") as name:
        directory, port = Path(name), _free_port()
        _initialise(programs, directory, password)
        process = _start(programs, directory, port, options)
        try:
            _wait_until_ready(programs, port, process)
            yield f"postgres://{NAME}:{password}@{LOOPBACK}:{port}/postgres"
        finally:
            process.send_signal(2)  # "fast": ends sessions, then itself
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def available() -> bool:
    """Whether a server could be started here."""
    try:
        _programs()
    except Unavailable:
        return False
    return True


def _programs() -> Path:
    """The directory of the newest server's programs; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found and not versions:
        raise Unavailable("PostgreSQL is not installed.")
    return Path(found).resolve().parent if found else versions[-1].parent


def _account() -> dict[str, Any]:
    """Whose the server's processes are: PostgreSQL refuses to be root's."""
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _initialise(programs: Path, directory: Path, password: str) -> None:
    secret = directory / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if os.geteuid() == 0:
        for path in (directory, secret):
            shutil.chown(path, "postgres", "postgres")
    _run(
        [
            programs / "initdb",
            *("-D", directory / "data", "-U", NAME, "--pwfile", secret),
            *("-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
        ]
    )


def _start(
    programs: Path, directory: Path, port: int, options: Sequence[str]
) -> subprocess.Popen[bytes]:
    settings = [f"listen_addresses={LOOPBACK}", f"unix_socket_directories={directory}"]
    chosen = [part for option in [*settings, *options] for part in ("-c", option)]
    return subprocess.Popen(  # noqa: S603  its program
        [programs / "postgres", "-D", directory / "data", "-p", str(port), *chosen],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=directory,
        **_account(),
    )


def _wait_until_ready(
    programs: Path, port: int, process: subprocess.Popen[bytes]
) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    question = [programs / "pg_isready", "-q", "-h", LOOPBACK, "-p", str(port)]
    while subprocess.run(question, check=False).returncode:  # noqa: S603  its program
        if process.poll() is not None or time.monotonic() > deadline:
            raise Unavailable("PostgreSQL does not start.")
        time.sleep(0.05)


def _run(arguments: Sequence[str | Path]) -> None:
    done = subprocess.run(  # noqa: S603  its program
        arguments, capture_output=True, check=False, cwd="/", **_account()
    )
    if done.returncode:
        raise Unavailable(done.stderr.decode(errors="replace").strip())


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


def main(arguments: Sequence[str]) -> int:
    """Run a command beside a server that need not survive a power cut.

    After `--if-available`, a machine without PostgreSQL is no failure.
    """
    optional = list(arguments[:1]) == [OPTIONAL]
    command = arguments[1:] if optional else arguments
    if optional and not available():
        sys.stderr.write("PostgreSQL is not installed: not run.\n")
        return 0
    fast = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
    try:
        with server(*fast) as url:
            # The rest of the environment is the command's as it is ours.
            environment = {**os.environ, "TEST_DATABASE_URL": url}  # noqa: TID251
            return subprocess.run(  # noqa: S603  what our caller named
                command, env=environment, check=False
            ).returncode
    except Unavailable as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
