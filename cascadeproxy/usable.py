"""What a setting's value must be to be used; the settings read, this judges."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

REDIS_SCHEMES = ("redis", "rediss", "unix")


def redis_url(name: str, url: str) -> str:
    """Return `url`, an address of Redis; "" when none is given.

    Raises ImproperlyConfigured, without the password that may be in it.
    """
    try:
        parts = urlsplit(url)
        usable = not url or (parts.scheme in REDIS_SCHEMES and parts.port != 0)
    except ValueError:  # a port that is no number
        usable = False
    if not usable:
        raise ImproperlyConfigured(
            f"{name} is no address of Redis, such as redis://host:6379/0."
        )
    return url


def memory_dir(base_dir: Path) -> Path:
    """Return a directory of our own in memory; under `base_dir` where there is none.

    Workers map the files of their metrics into memory. On a disk that is full the next
    page of such a file would be a signal that ends the process.
    """
    memory = Path("/dev/shm")  # noqa: S108  a name of our own is made below it
    if os.access(memory, os.W_OK | os.X_OK):
        return memory / f"cascadeproxy-{os.geteuid()}"
    return base_dir / "run"
