"""`python -m bench.reports`: pages and loading at 2,000,000 decisions.

On SQLite in a temporary directory and, where a server is given or installed, on
PostgreSQL. Prints a table. Takes about a quarter of an hour for both.
"""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet

from bench import postgres, procfs

ROWS = 2_000_000
LIMIT_S = 3600
PAGE_TARGET_MS = 200
TARGETS = {"loading": (300, "s"), "row": (450, "bytes")}
UNITS = {
    "loading": "s",
    "CPU": "s",
    "journal": "bytes",
    "row": "bytes",
    "row whole": "bytes",
    "daily rollups": "rows",
}
LABELS = {
    "loading": "loading them from the journal, sums and all",
    "CPU": "of that, CPU of the keeper",
    "journal": "a decision in the journal",
    "row": "a decision without indexes",
    "row whole": "a decision with indexes",
    "daily rollups": "sums by day",
}


def main() -> int:
    """Measure what was asked for; the exit status comes back."""
    options = _options()
    figures: dict[str, Mapping[str, float]] = {}
    if options.only in (None, "sqlite"):
        with _sqlite() as url:
            figures["SQLite"] = _measure(url, options.rows)
    if options.only in (None, "postgres"):
        try:
            with _postgres(options.postgres) as url:
                figures["PostgreSQL"] = _measure(url, options.rows)
        except postgres.Unavailable as problem:
            sys.stderr.write(f"Without PostgreSQL: {problem}\n")
    machine = f"{procfs.machine()}, Python {platform.python_version()}"
    sys.stdout.write(f"{options.rows:,} decisions; {machine}\n\n{table(figures)}\n")
    return 0 if figures else 1


def table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Return the figures of each database as a table in Markdown."""
    names = list(dict.fromkeys(name for each in figures.values() for name in each))
    lines = [f"|  | unit | {' | '.join(figures)} | target |"]
    lines.append("|---|---|" + "---|" * (len(figures) + 1))
    for name in names:
        limit, unit = TARGETS.get(name, (None, UNITS.get(name, "ms")))
        if unit == "ms":
            limit = PAGE_TARGET_MS
        values = " | ".join(f"{each[name]:,.0f}" for each in figures.values())
        target = "" if limit is None else f"< {limit}"
        lines.append(f"| {LABELS.get(name, name)} | {unit} | {values} | {target} |")
    return "\n".join(lines)


def _measure(url: str, rows: int) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-site-") as name:
        environment = {
            "PATH": os.environ.get("PATH", ""),  # noqa: TID251  of our own process
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "cascadeproxy.settings",
            "CASCADE_ENV_FILE": os.devnull,
            "CASCADE_JOURNAL_DIR": name,
            "CASCADE_STATE_DIR": name,
            "SECRET_KEY": secrets.token_hex(40),
            "CASCADE_KEY_PEPPER": secrets.token_hex(20),
            "FIELD_KEYS": Fernet.generate_key().decode(),
        }
        done = subprocess.run(  # noqa: S603  our own module
            [sys.executable, "-m", "bench.accounts", str(rows)],
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
            timeout=LIMIT_S,
        )
    # Said at once: the rest may take as long again, and may fail.
    sys.stderr.write(done.stdout.decode() + "\n")
    return msgspec.json.decode(done.stdout, type=dict[str, float])


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bench-sqlite-") as name:
        yield f"sqlite:///{Path(name) / 'db.sqlite3'}"


@contextmanager
def _postgres(given: str | None) -> Iterator[str]:
    """The server that was given, whose database must be empty; else one of our own."""
    if given:
        yield given
        return
    with postgres.server("shared_buffers=256MB", "max_wal_size=2GB") as url:
        yield url


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.reports", description=__doc__
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    parser.add_argument(
        "--postgres",
        metavar="URL",
        help="an empty database to fill (default: a server of our own, if installed)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
