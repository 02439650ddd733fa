"""Small state shared by the workers: Redis where it is set, else a SQLite file."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path

from django.conf import settings

from routing.state.base import CalmStore, Store
from routing.state.sqlite import SqliteStore

__all__ = ["CalmStore", "Store", "store"]


def store() -> CalmStore:
    """Return this process's store, always the same one. It never raises."""
    # Two servers on a host share nothing but the directory.
    file = settings.CASCADE_STATE_DIR / f"state-{settings.CASCADE_PORT}.sqlite3"
    return _store_for(settings.REDIS_URL, file)


@lru_cache(maxsize=8)
def _store_for(redis_url: str, file: Path) -> CalmStore:
    if not redis_url:
        return CalmStore(SqliteStore(file))
    # Its library is a quarter of a second and 7 MB: only for those who use it.
    redis_module = import_module("routing.state.redis")
    backend: Store = redis_module.RedisStore(redis_url)
    return CalmStore(backend)
