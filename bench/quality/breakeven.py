"""Does asking a draft first pay at all? A cascade that rarely accepts costs money.

Every draft and check is paid; only accepted ones save the verifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

Advice = Literal["pays", "loses", "unclear"]

_SURE = NormalDist().inv_cdf(0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """How many of the drafts asked were accepted, in numbers or weights."""

    accepted: float
    asked: float

    def interval(self) -> tuple[float, float]:
        """Return the 90 % interval of the share (Wilson); (0, 1) of nothing."""
        if self.asked <= 0:
            return 0.0, 1.0
        share, z, n = min(1.0, self.accepted / self.asked), _SURE, self.asked
        centre = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, centre - half), min(1.0, centre + half)


def break_even(draft_nusd: float, checks_nusd: float, verifier_nusd: float) -> float:
    """Return the share of drafts that must be accepted for the cascade to cost nothing.

    Above 1.0 it cannot pay; infinite when the verifier is free. Costs are means per
    drafted request; `checks_nusd` are second opinions, judge and shadow evaluation.
    """
    if verifier_nusd <= 0:
        return float("inf")
    return (draft_nusd + checks_nusd) / verifier_nusd


def advice(acceptance: Acceptance, share: float) -> Advice:
    """Return whether drafting pays at break-even `share`, does not, or is open.

    `loses` says to go straight to the verifier and to explore with a trickle.
    """
    low, high = acceptance.interval()
    if high < share:
        return "loses"
    return "pays" if low > share else "unclear"
