"""How much of its limits a key uses at the moment, in words and shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from metrics import spending
from metrics.formats import count, percent, usd
from routing.key_table import limits_of
from routing.limits.ledgers import ledger
from routing.limits.terms import MINUTE_S, day_name, month_name
from routing.models import ClientKey

NEAR = 0.8
NOBODY_KNOWS = "unknown: the limits cannot be counted at the moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One limit of a key: its words, and how much is used, both as shown."""

    name: str
    used: int
    limit: int
    money: bool = False

    @property
    def share(self) -> float:
        """Used over limit; above 1 when a limit was lowered meanwhile."""
        return self.used / self.limit

    def __str__(self) -> str:
        show = usd if self.money else count
        share = percent(self.share)
        return f"{self.name}: {show(self.used)} of {show(self.limit)} ({share})"


def shares_of(row: ClientKey) -> list[Share] | None:
    """Return the limits of `row` that fill up, the fullest first; None when unknown."""
    limits = limits_of(row)
    if not limits.counted:
        return []
    table = ledger().table(f"limits:{row.pk}")
    if table is None:
        return None
    money = _spent(row, table)
    now_s = int(timezone.now().timestamp())
    used = {
        "requests in the last minute": (
            _lately(table, "requests", now_s),
            limits.requests_per_minute,
        ),
        "tokens in the last minute": (
            _lately(table, "tokens", now_s),
            limits.tokens_per_minute,
        ),
        "requests at once": (_running(table, now_s), limits.concurrent_requests),
        "spent today": (money.day_nusd, limits.day_nusd),
        "spent this month": (money.month_nusd, limits.month_nusd),
    }
    shares = [
        Share(name=name, used=amount, limit=limit, money=name.startswith("spent"))
        for name, (amount, limit) in used.items()
        if limit
    ]
    return sorted(shares, key=lambda share: -share.share)


def _spent(row: ClientKey, table: Mapping[str, int]) -> spending.KeySpending:
    """Return what is spent in real money, by whoever knows of more."""
    today = timezone.localdate()
    nothing = spending.KeySpending(day_nusd=0, month_nusd=0)
    known = spending.by_key([row.name], today).get((row.name, False), nothing)
    return spending.KeySpending(
        day_nusd=max(known.day_nusd, table.get(f"s:real:{day_name(today)}", 0)),
        month_nusd=max(known.month_nusd, table.get(f"s:real:{month_name(today)}", 0)),
    )


def in_words(row: ClientKey) -> str:
    """Return how much of each limit of `row` is used, a line for each."""
    shares = shares_of(row)
    if shares is None:
        return NOBODY_KNOWS
    return "\n".join(map(str, shares)) or "nothing that fills up is limited"


def fullest(row: ClientKey) -> str:
    """Return the limit of `row` that is used most; "-" without one."""
    shares = shares_of(row)
    if shares is None:
        return "unknown"
    return str(shares[0]) if shares else "-"


def near(rows: QuerySet[ClientKey]) -> list[int]:
    """Return the ids of keys of which a limit is used to `NEAR` or more."""
    return [
        row.pk for row in rows if (shares := shares_of(row)) and shares[0].share >= NEAR
    ]


def _lately(table: Mapping[str, int], name: str, now_s: int) -> int:
    start = f"w:{name}:"
    return sum(
        amount
        for slot, amount in table.items()
        if slot.startswith(start) and int(slot[len(start) :]) >= now_s - MINUTE_S
    )


def _running(table: Mapping[str, int], now_s: int) -> int:
    return sum(
        name.startswith("l:") and until > now_s * 1000 for name, until in table.items()
    )
