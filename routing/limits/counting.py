"""What is counted for one key: pure arithmetic on a flat table of integers.

    w:NAME:SLOT        what a window took in one slot of time
    l:LEASE            until when a request runs, in ms since 1970
    r:PURSE:LEASE      what is set aside for it, in nano-USD
    s:PURSE:PERIOD     what is spent in a day or month, in nano-USD

Redis keeps the same table as a hash and does the same in `script.lua`.
"""

from __future__ import annotations

from collections.abc import Iterable

from routing.limits.terms import (
    MINUTE_S,
    SESSION_S,
    SESSION_SLOT_S,
    Admission,
    Budget,
    Demand,
    Held,
    Settlement,
    Window,
)

Table = dict[str, int]

# Another request ends soon, and what it held is free again.
SOON_S = 2


def admit(table: Table, demand: Demand, now_ms: int) -> Admission:
    """Return whether all of `demand` was let in; if not, `table` took nothing."""
    forget(table, now_ms)
    slot = now_ms // 1000
    used: dict[str, int] = {}
    refused, wait_s = "", 0
    # What waiting helps least comes first: a client is told of that.
    for name, taken, short_s in _looked_at(table, demand, now_ms):
        used[name] = taken
        if short_s is not None and not refused:
            refused, wait_s = name, short_s
    if refused:
        return Admission(refused=refused, wait_s=wait_s, used=used, slot=slot)
    _take(table, demand, now_ms)
    for window in demand.windows:
        used[window.name] += window.amount
    if demand.concurrent is not None:
        used["concurrent"] += 1
    return Admission(used=used, slot=slot)


def settle(table: Table, settlement: Settlement, now_ms: int) -> None:
    """Let go of what a request held, and count what it came to."""
    _let_go(table, settlement.lease)
    if settlement.tokens > 0:
        _add(table, f"w:tokens:{now_ms // 1000}", settlement.tokens)
    told = f"w:tokens:{settlement.slot}"
    if settlement.tokens < 0 and told in table:
        table[told] = max(0, table[told] + settlement.tokens)
    for period in settlement.periods:
        _add(table, f"s:{settlement.purse}:{period}", settlement.spent_nusd)


def renew(table: Table, held: Iterable[Held], lease_s: int, now_ms: int) -> None:
    """Let requests that still run hold what they hold for another `lease_s`."""
    for each in held:
        _hold(table, each, now_ms + lease_s * 1000)


def forget(table: Table, now_ms: int) -> None:
    """Take out leases that have ended, and slots of time that no window sees."""
    ended = [
        name
        for name, value in table.items()
        if (name.startswith("l:") and value <= now_ms)
        or (name.startswith("w:") and _is_past(name, now_ms))
    ]
    for name in ended:
        if name.startswith("l:"):
            _let_go(table, name[2:])
        else:
            del table[name]


def in_window(table: Table, window: Window, now_ms: int) -> list[tuple[int, int]]:
    """Return slot and amount of what `window` took lately, the oldest first."""
    start = f"w:{window.name}:"
    oldest = now_ms // (window.slot_s * 1000) - window.width_s // window.slot_s
    found = (
        (int(name[len(start) :]), amount)
        for name, amount in table.items()
        if name.startswith(start)
    )
    return sorted(pair for pair in found if pair[0] >= oldest)


def running(table: Table) -> int:
    """Return how many requests run."""
    return sum(name.startswith("l:") for name in table)


def _looked_at(
    table: Table, demand: Demand, now_ms: int
) -> Iterable[tuple[str, int, int | None]]:
    """Yield each limit, what is used of it, and the wait where that is too much."""
    for budget in demand.budgets:
        yield budget.period, *_budget(table, demand, budget)
    for window in demand.windows:
        yield window.name, *_window(table, window, now_ms)
    if demand.concurrent is not None:
        count = running(table)
        yield "concurrent", count, SOON_S if count >= demand.concurrent else None


def _budget(table: Table, demand: Demand, budget: Budget) -> tuple[int, int | None]:
    name = f"s:{demand.purse}:{budget.period}"
    spent = table[name] = max(table.get(name, 0), budget.floor_nusd)
    _forget_periods(table, budget)
    start = f"r:{demand.purse}:"
    set_aside = sum(v for name, v in table.items() if name.startswith(start))
    if spent >= budget.limit_nusd or spent + demand.money_nusd > budget.limit_nusd:
        return spent, 0
    too_much = spent + set_aside + demand.money_nusd > budget.limit_nusd
    return spent, SOON_S if too_much else None


def _forget_periods(table: Table, budget: Budget) -> None:
    kind = budget.period[:2]
    old = [
        name
        for name in table
        if name.startswith("s:")
        and (period := name.split(":", 2)[2]).startswith(kind)
        and period < budget.keep_from
    ]
    for name in old:
        del table[name]


def _window(table: Table, window: Window, now_ms: int) -> tuple[int, int | None]:
    slots = in_window(table, window, now_ms)
    used = sum(amount for _, amount in slots)
    if used + window.amount <= window.limit:
        return used, None
    left = used
    for slot, amount in slots:
        left -= amount
        if left + window.amount <= window.limit:
            free_at_ms = (slot + 1) * window.slot_s * 1000 + window.width_s * 1000
            return used, max(1, -(-(free_at_ms - now_ms) // 1000))
    return used, window.width_s


def _take(table: Table, demand: Demand, now_ms: int) -> None:
    for window in demand.windows:
        slot = now_ms // (window.slot_s * 1000)
        _add(table, f"w:{window.name}:{slot}", window.amount)
    if demand.lease:
        held = Held(
            lease=demand.lease, money_nusd=demand.money_nusd, purse=demand.purse
        )
        _hold(table, held, now_ms + demand.lease_s * 1000)


def _hold(table: Table, held: Held, until_ms: int) -> None:
    table[f"l:{held.lease}"] = until_ms
    if held.money_nusd:
        table[f"r:{held.purse}:{held.lease}"] = held.money_nusd


def _let_go(table: Table, lease: str) -> None:
    if lease:
        table.pop(f"l:{lease}", None)
        for purse in ("real", "play"):
            table.pop(f"r:{purse}:{lease}", None)


def _add(table: Table, name: str, amount: int) -> None:
    table[name] = table.get(name, 0) + amount


def _is_past(name: str, now_ms: int) -> bool:
    """Whether a slot lies before any window; those of sessions are longer."""
    _, kind, slot = name.split(":")
    slot_s, width_s = (
        (SESSION_SLOT_S, SESSION_S) if kind == "session" else (1, MINUTE_S)
    )
    return ((int(slot) + 1) * slot_s + width_s) * 1000 <= now_ms
