"""The ledger of several hosts in Redis: one script, which Redis runs alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from routing.limits.ledger import kept_s
from routing.limits.terms import (
    Admission,
    Budget,
    Demand,
    Held,
    Settlement,
    Window,
)
from routing.state.redis import RedisStore

Words = tuple[str | int, ...]
SCRIPT = (Path(__file__).parent / "script.lua").read_text()


class RedisLedger:
    """A hash for each key. The time is Redis's own, so that hosts need not agree."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    def admit(self, key: str, demand: Demand) -> Admission:
        """Let all of `demand` in, or nothing."""
        words: list[str | int] = [demand.lease, demand.lease_s]
        words.append(-1 if demand.concurrent is None else demand.concurrent)
        words += (demand.money_nusd, demand.purse, len(demand.budgets))
        for budget in demand.budgets:
            words += _of_budget(budget)
        for window in demand.windows:
            words += _of_window(window)
        kept = kept_s(money=bool(demand.budgets))
        refused, wait_s, slot, *pairs = self._run(key, "admit", kept, *words)
        used = {
            name.decode(): int(count)
            for name, count in zip(pairs[::2], pairs[1::2], strict=True)
        }
        if not refused:
            for window in demand.windows:
                used[window.name] += window.amount
            if demand.concurrent is not None:
                used["concurrent"] += 1
        return Admission(refused=refused.decode(), wait_s=wait_s, used=used, slot=slot)

    def settle(self, key: str, settlement: Settlement) -> None:
        """Count what a request came to, and let go of what it held."""
        kept = kept_s(money=bool(settlement.periods))
        words: list[str | int] = [settlement.lease, settlement.tokens]
        words += (settlement.slot, settlement.spent_nusd, settlement.purse)
        words += settlement.periods
        self._run(key, "settle", kept, *words)

    def renew(self, key: str, held: Sequence[Held], lease_s: int) -> None:
        """Let requests that still run hold what they hold."""
        words: list[str | int] = []
        for each in held:
            words += (each.lease, each.purse, each.money_nusd)
        self._run(key, "renew", kept_s(money=True), lease_s, *words)

    def table(self, key: str) -> dict[str, int]:
        """Return what is counted for `key`; what has ended may be in it still."""
        return self._store.integers(key)

    def close(self) -> None:
        """Close the connections."""
        self._store.close()

    def _run(self, key: str, *words: str | int) -> Any:
        return self._store.run(SCRIPT, key, *words)


# In the order the script reads them.
def _of_budget(budget: Budget) -> Words:
    return budget.period, budget.keep_from, budget.limit_nusd, budget.floor_nusd


def _of_window(window: Window) -> Words:
    return window.name, window.limit, window.amount, window.width_s, window.slot_s
