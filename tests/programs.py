"""Programs of others that some tests run: installed once, into the user's cache."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path.home() / ".cache" / "cascadeproxy-tests"
# What pip and npm say when nobody answers, as opposed to when the package is wrong.
UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|NameResolution"
    r"|ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ECONNRESET|network",
)


def python_with(*requirements: str, dependencies: bool = True) -> Path:
    """Return a Python that has `requirements`, in a virtual environment of its own.

    Skips the test when the registry cannot be reached. Without `dependencies` nothing
    is installed that is not named.
    """
    home = CACHE / re.sub(r"[^\w.=-]", "_", "+".join(requirements))
    python = home / "bin" / "python"
    with _installing(home) as missing:
        if missing:
            _install(sys.executable, "-m", "venv", str(home))
            pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
            alone = () if dependencies else ("--no-deps",)
            _install(str(python), *pip, *alone, *requirements)
    return python


def npm_package(name: str, version: str) -> Path:
    """Return the folder into which npm installed a package; its bin lies within.

    Skips the test without npm, or when the registry cannot be reached.
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    home = CACHE / f"{name.replace('/', '_')}-{version}"
    with _installing(home) as missing:
        if missing:
            home.mkdir(parents=True)
            flags = ("--no-audit", "--no-fund", "--prefix", str(home))
            _install(npm, "install", *flags, f"{name}@{version}")
    return home / "node_modules"


@contextmanager
def _installing(home: Path) -> Iterator[bool]:
    """Yield whether a program has to be put into `home`, to one process at a time.

    What was left half way is taken away first.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = home / "installed"
        missing = not done.exists()
        if missing:
            shutil.rmtree(home, ignore_errors=True)
        yield missing
        done.touch()


def _install(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  fixed here
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip()
        if UNREACHABLE.search(said):
            pytest.skip(f"the registry cannot be reached: {said.splitlines()[-1]}")
        pytest.fail(f"{' '.join(command)} failed:\n{said}")
