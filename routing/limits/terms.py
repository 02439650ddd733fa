"""Values of limits: what a key may, what a request wants, what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

# `script.lua` says the same numbers in milliseconds.
# A rate is counted in slots of a second: in no 60 seconds more than it says may begin.
MINUTE_S = 60
# A session that loops is known by minutes, not by one busy moment.
SESSION_S = 300
SESSION_SLOT_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLimits:
    """What holds for one key, its own or the default; None sets no limit.

    `session_requests` are those of one agent session within `SESSION_S`.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent_requests: int | None = None
    day_nusd: int | None = None
    month_nusd: int | None = None
    max_tokens: int | None = None
    max_body_bytes: int | None = None
    session_requests: int | None = None

    @property
    def budgeted(self) -> bool:
        """Whether money is limited."""
        return self.day_nusd is not None or self.month_nusd is not None

    @property
    def leased(self) -> bool:
        """Whether a request is something while it runs: a place taken, or money."""
        return self.concurrent_requests is not None or self.budgeted

    @property
    def weighed(self) -> bool:
        """Whether it matters what a request comes to, beside that it is one."""
        return self.budgeted or self.tokens_per_minute is not None

    @property
    def counted(self) -> bool:
        """Whether a request touches what is counted for its key at all."""
        rated = (self.requests_per_minute, self.tokens_per_minute)
        return self.leased or rated != (None, None)


NO_LIMITS = KeyLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What decisions of a key in the account come to, today and this month."""

    day: date
    day_nusd: int = 0
    month_nusd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rate: at most `limit` of `name` in any `width_s`; this request takes `amount`.

    Counted in slots of `slot_s`; a slot counts until all of it lies further back.
    """

    name: str
    limit: int
    amount: int
    width_s: int = MINUTE_S
    slot_s: int = 1


def day_name(day: date) -> str:
    """Return the name under which the money of `day` is counted: `d:2026-11-26`."""
    return f"d:{day.isoformat()}"


def month_name(day: date) -> str:
    """Return the name under which the money of its month is counted: `m:2026-11`."""
    return f"m:{day.isoformat()[:7]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Money for one period. `floor_nusd` is known to be spent, whatever was counted.

    `period` is a `day_name` or a `month_name`. Those of its kind
    before `keep_from` are forgotten.
    """

    period: str
    keep_from: str
    limit_nusd: int
    floor_nusd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """All that one request wants of what is limited; it gets all of it or nothing.

    `lease` names the request while it runs, "" when it holds nothing that long; it
    ends after `lease_s` unless it is renewed. `money_nusd` is set aside under it. Real
    and simulated money are of two purses.
    """

    windows: tuple[Window, ...] = ()
    lease: str = ""
    lease_s: int = 0
    concurrent: int | None = None
    money_nusd: int = 0
    budgets: tuple[Budget, ...] = ()
    purse: str = "real"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What came of a demand. `refused` names the limit in the way, "" when none is.

    `wait_s` is when to ask again; 0 when that would not help. `used` is what is taken:
    of each window and of `concurrent`, this request included when it was let in; of
    each period what is spent, without what is set aside. `slot` is that of the moment.
    """

    refused: str = ""
    wait_s: int = 0
    used: Mapping[str, int] = field(default_factory=dict)
    slot: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a request came to, against what was taken when it began.

    `tokens` is what they were more, or fewer, than `slot` of their window was told.
    `spent_nusd` is added to each of `periods`.
    """

    lease: str = ""
    tokens: int = 0
    slot: int = 0
    spent_nusd: int = 0
    periods: tuple[str, ...] = ()
    purse: str = "real"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A request that still runs, and what is set aside for it."""

    lease: str
    money_nusd: int = 0
    purse: str = "real"
