"""Where limits are counted, so that threads, workers and hosts agree on one number."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from metrics import instruments
from routing.limits import counting
from routing.limits.terms import Admission, Demand, Held, Settlement
from routing.state.base import StoreError
from routing.state.sqlite import Change

logger = logging.getLogger(__name__)
T = TypeVar("T")

# A place or money that nobody renews is free again so long after a crash.
LEASE_S = 60
RENEW_EVERY_S = 20.0
# What is away is not asked again for so long.
PAUSE_S = 1.0
LOG_EVERY_S = 60.0
# A table must outlive what is counted in it: a month, or a window.
KEPT_WITH_MONEY_S = 40 * 86_400
KEPT_S = 600

_TABLE = msgspec.msgpack.Decoder(dict[str, int])


class Ledger(Protocol):
    """Counts for keys. Each method is one atomic step; each raises StoreError."""

    def admit(self, key: str, demand: Demand) -> Admission:
        """Let all of `demand` in, or nothing."""

    def settle(self, key: str, settlement: Settlement) -> None:
        """Count what a request came to, and let go of what it held."""

    def renew(self, key: str, held: Sequence[Held], lease_s: int) -> None:
        """Let requests that still run hold what they hold."""

    def table(self, key: str) -> dict[str, int]:
        """Return what is counted for `key`, to look at."""

    def close(self) -> None:
        """Let go of connections. The next use opens them again."""


class Updates(Protocol):
    """What can change one value with nobody between reading and writing."""

    def update(self, key: str, change: Change[T], *, ttl_s: float) -> T:
        """Write what `change` returns first; return what it returns second."""

    def close(self) -> None:
        """Let go of connections."""


class TableLedger:
    """A ledger over values that are changed one at a time: a file, or a table."""

    def __init__(self, values: Updates) -> None:
        self._values = values

    def admit(self, key: str, demand: Demand) -> Admission:
        """Let all of `demand` in, or nothing."""
        return self._change(
            key,
            lambda table, now_ms: counting.admit(table, demand, now_ms),
            kept_s=kept_s(money=bool(demand.budgets)),
        )

    def settle(self, key: str, settlement: Settlement) -> None:
        """Count what a request came to, and let go of what it held."""
        self._change(
            key,
            lambda table, now_ms: counting.settle(table, settlement, now_ms),
            kept_s=kept_s(money=bool(settlement.periods)),
        )

    def renew(self, key: str, held: Sequence[Held], lease_s: int) -> None:
        """Let requests that still run hold what they hold."""
        self._change(
            key,
            lambda table, now_ms: counting.renew(table, held, lease_s, now_ms),
            kept_s=kept_s(money=True),
        )

    def table(self, key: str) -> dict[str, int]:
        """Return what is counted for `key`."""

        def look(table: dict[str, int], now_ms: int) -> dict[str, int]:
            counting.forget(table, now_ms)
            return dict(table)

        return self._change(key, look, kept_s=kept_s(money=True))

    def close(self) -> None:
        """Let go of the file, or of connections."""
        self._values.close()

    def _change(
        self, key: str, step: Callable[[dict[str, int], int], T], *, kept_s: int
    ) -> T:
        def change(value: bytes | None, now_s: float) -> tuple[bytes, T]:
            table = _TABLE.decode(value) if value else {}
            result = step(table, int(now_s * 1000))
            return msgspec.msgpack.encode(table), result

        return self._values.update(key, change, ttl_s=kept_s)


class CalmLedger:
    """A ledger whose StoreErrors end here: None, or nothing, while it is away.

    After one it is not asked for a second, so that requests do not wait for it.
    """

    def __init__(
        self, ledger: Ledger, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._again_at = self._log_again_at = float("-inf")

    def admit(self, key: str, demand: Demand) -> Admission | None:
        """Return what came of `demand`; None when nobody could say."""
        return self._try(lambda: self._ledger.admit(key, demand))

    def settle(self, key: str, settlement: Settlement) -> None:
        """Settle, if that can be done; else leases end by themselves."""
        self._try(lambda: self._ledger.settle(key, settlement))

    def renew(self, key: str, held: Sequence[Held], lease_s: int) -> None:
        """Renew, if that can be done."""
        self._try(lambda: self._ledger.renew(key, held, lease_s))

    def table(self, key: str) -> dict[str, int] | None:
        """Return what is counted for `key`; None when nobody could say."""
        return self._try(lambda: self._ledger.table(key))

    def close(self) -> None:
        """Let go of connections."""
        self._ledger.close()

    def _try(self, ask: Callable[[], T]) -> T | None:
        if self._clock() < self._again_at:
            return None
        try:
            return ask()
        except StoreError as problem:
            self._pause(problem)
            return None

    def _pause(self, problem: StoreError) -> None:
        instruments.STATE_ERRORS.inc()
        now = self._clock()
        self._again_at = now + PAUSE_S
        if now >= self._log_again_at:
            self._log_again_at = now + LOG_EVERY_S
            logger.warning("Limits of keys cannot be counted: %s", problem)


def kept_s(*, money: bool) -> int:
    """Return how long a table is kept after its last use."""
    return KEPT_WITH_MONEY_S if money else KEPT_S
