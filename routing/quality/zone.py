"""Where a second opinion is asked: only where it can change the decision."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Ask when the gate's first confidence is at least `low` and below `high`."""

    low: float
    high: float

    def asks(self, confidence: float) -> bool:
        """Return whether a second opinion is asked at this first confidence."""
        return self.low <= confidence < self.high
