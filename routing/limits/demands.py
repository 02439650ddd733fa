"""What a request takes of each limit of its key."""

from __future__ import annotations

from datetime import date, timedelta

from routing.limits.terms import Budget, KeyLimits, Spent, Window, day_name, month_name


def windows(limits: KeyLimits, tokens: int) -> tuple[Window, ...]:
    """Return what a request of so many tokens takes of the rates of `limits`."""
    found = []
    if limits.requests_per_minute is not None:
        found.append(
            Window(name="requests", limit=limits.requests_per_minute, amount=1)
        )
    if (most := limits.tokens_per_minute) is not None:
        # A request larger than the limit itself may go when nothing else does.
        amount = max(1, min(tokens, most))
        found.append(Window(name="tokens", limit=most, amount=amount))
    return tuple(found)


def budgets(limits: KeyLimits, known: Spent, today: date) -> tuple[Budget, ...]:
    """Return the budgets of `limits` that hold today.

    `known` is what the account knew at its last look, maybe on another day.
    """
    spent = _of_today(known, today)
    found = []
    if limits.day_nusd is not None:
        found.append(
            Budget(
                period=day_name(today),
                keep_from=day_name(today - timedelta(days=1)),
                limit_nusd=limits.day_nusd,
                floor_nusd=spent.day_nusd,
            )
        )
    if limits.month_nusd is not None:
        found.append(
            Budget(
                period=month_name(today),
                keep_from=month_name(today.replace(day=1) - timedelta(days=1)),
                limit_nusd=limits.month_nusd,
                floor_nusd=spent.month_nusd,
            )
        )
    return tuple(found)


def _of_today(known: Spent, today: date) -> Spent:
    """What the account knew, as far as it is still about today."""
    return Spent(
        day=today,
        day_nusd=known.day_nusd if known.day == today else 0,
        month_nusd=known.month_nusd if _same_month(known.day, today) else 0,
    )


def _same_month(one: date, other: date) -> bool:
    return (one.year, one.month) == (other.year, other.month)
