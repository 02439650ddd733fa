"""How long to wait before a busy provider is asked again."""

from __future__ import annotations

import math

from routing.types import Headers

# Source: the vendor's own clients wait half a second before their first retry.
OVERLOADED_WAIT_S = 0.5
# Also what keeps a provider that says "at once" for ever from being asked for ever.
SHORTEST_WAIT_S = 0.1
RATE_LIMITED, _OVERLOADED = 429, 529


def wait_before_retry(status: int | None, headers: Headers) -> float | None:
    """Return how many seconds to wait before asking again; None not to ask again.

    Only a busy provider (429, 529) is worth it, unless it says `x-should-retry: false`.
    A 429 without `retry-after` may be a spend limit, which no waiting lifts; a date in
    its place is not read: who gives one does not mean the next seconds.

    Source: Anthropic API reference, "Errors" and "Rate limits".
    """
    told = dict(headers)
    if status not in (RATE_LIMITED, _OVERLOADED):
        return None
    if told.get("x-should-retry") == "false":
        return None
    wait_s = _seconds(told.get("retry-after-ms"), units_per_s=1000)
    if wait_s is None:
        wait_s = _seconds(told.get("retry-after"), units_per_s=1)
    if wait_s is None and status == _OVERLOADED:
        return OVERLOADED_WAIT_S
    return None if wait_s is None else max(wait_s, SHORTEST_WAIT_S)


def told_to_wait_s(headers: Headers) -> float | None:
    """Return the seconds of `retry-after`, None when it does not say any."""
    return _seconds(dict(headers).get("retry-after"), units_per_s=1)


def _seconds(told: str | None, *, units_per_s: int) -> float | None:
    try:
        seconds = float(told or "") / units_per_s
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
