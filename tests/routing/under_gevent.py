"""Runs test files a second time, in a process that gevent has patched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCHED_PYTEST = """
from gevent import monkey; monkey.patch_all()
import sys, pytest
sys.exit(pytest.main(sys.argv[1:]))
"""
# Without Django: its set-up is not what is tested, and would cost seconds.
PLUGINS = ["-p", "no:django", "-p", "no:cacheprovider", "--import-mode=importlib"]
CONFIG = ["-c", os.devnull, "--rootdir", str(ROOT), "-W", "error"]
CONFTEST = ["--confcutdir", str(ROOT / "tests" / "routing" / "providers")]


def run_under_gevent(*files: Path) -> None:
    """Fail when a test of `files` fails there, `under_gevent` tests left out."""
    options = [*PLUGINS, *CONFIG, *CONFTEST, "-q", "-x", "-k", "not under_gevent"]
    done = subprocess.run(  # noqa: S603  our own interpreter and files
        [sys.executable, "-c", PATCHED_PYTEST, *map(str, files), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
