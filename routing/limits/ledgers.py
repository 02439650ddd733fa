"""Which ledger this process uses: Redis, the main database's server, or a file."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.db import connection

from routing.limits.ledger import CalmLedger, Ledger, TableLedger
from routing.state.sqlite import SqliteStore


def ledger() -> CalmLedger:
    """Return this process's ledger, always the same one. It never raises."""
    database = ""
    if connection.vendor == "postgresql":
        database = str(connection.settings_dict["NAME"])
    return _found(database)


def session_ledger() -> CalmLedger:
    """Return the ledger of sessions: Redis or this host's file, never the database.

    Every request of an agent is counted there, and a loop is found on one host too.
    """
    return _found("")


def close() -> None:
    """Let go of files and connections."""
    for each in (ledger(), session_ledger()):
        each.close()


def _found(database: str) -> CalmLedger:
    return _ledger_for(
        settings.REDIS_URL,
        database,
        settings.CASCADE_STATE_DIR,
        settings.CASCADE_PORT,
        settings.CASCADE_LIMITS_WAIT_S,
    )


@lru_cache(maxsize=8)
def _ledger_for(
    redis_url: str, database: str, directory: Path, port: int, wait_s: int
) -> CalmLedger:
    # Two servers on a host share nothing but the directory.
    return CalmLedger(
        _backend(redis_url, database, directory / f"limits-{port}.sqlite3", wait_s)
    )


def _backend(redis_url: str, database: str, file: Path, wait_s: int) -> Ledger:
    # Libraries of servers are only for those who use them. Both are waited for
    # patiently: a limit that opens because many come at once would be none.
    if redis_url:
        store = import_module("routing.state.redis").RedisStore(
            redis_url, timeout_s=wait_s
        )
        found: Ledger = import_module("routing.limits.redis").RedisLedger(store)
        return found
    if database:
        values = import_module("routing.limits.postgres").PostgresValues
        return TableLedger(values(_parameters(), wait_s=wait_s))
    return TableLedger(SqliteStore(file))


def _parameters() -> dict[str, object]:
    """Return how Django reaches the database, without what is about its own rows."""
    usual = connection.get_connection_params()
    own = {"cursor_factory", "context", "prepare_threshold", "options"}
    return {name: value for name, value in usual.items() if name not in own}
