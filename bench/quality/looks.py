"""What a second opinion would have come to: asked always, never, or within a zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from routing.quality.curve import Priced, best_for
from routing.quality.zone import Zone

_LOWS = (0.0, 0.1, 0.2, 0.35, 0.5)
_HIGHS = (0.75, 0.85, 0.95, 1.0)

ALWAYS = Zone(low=0.0, high=2.0)
NEVER = Zone(low=2.0, high=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoLooks:
    """A draft as the first look priced it, and what a second would say and cost.

    `second` is None where no second opinion can be had.
    """

    first: Priced
    second: float | None
    cost: float


def looked_at(row: TwoLooks, zone: Zone) -> Priced:
    """Return the draft after the looks that `zone` asks for, all of them paid."""
    if row.second is None or not zone.asks(row.first.confidence):
        return row.first
    cost = row.first.draft_cost + row.cost
    return replace(row.first, confidence=row.second, draft_cost=cost)


def best_zone(rows: Sequence[TwoLooks], kept: float) -> Zone:
    """Return the zone that saves most while keeping `kept`, drawn at shares of `rows`.

    Cost: sorts the rows some 20 times; for the background.
    """
    if not rows:
        return ALWAYS
    firsts = sorted(row.first.confidence for row in rows)
    quantile = {s: firsts[int(s * (len(firsts) - 1))] for s in (*_LOWS, *_HIGHS)}
    zones = [ALWAYS, NEVER]
    zones += [Zone(low=quantile[a], high=quantile[b]) for a in _LOWS for b in _HIGHS]
    best, most = ALWAYS, float("-inf")
    for zone in zones:
        point = best_for([looked_at(row, zone) for row in rows], kept)
        if point is not None and point.saved > most:
            best, most = zone, point.saved
    return best
