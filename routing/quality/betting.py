"""Tests by betting: evidence about a rate that stays valid however often one looks.

Wealth that is bet against a claim multiplies while the claim is wrong. That it ever
grows by a factor 1/d when the claim is true has a chance of at most d (Ville). So it
may be looked at after every label, and stopped whenever it says enough.

Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting" (2024), section 4; several bets are mixed here with equal weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log, log1p

# Shares of the largest bet that cannot lose everything.
_BETS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8, 0.97)


class Wealth:
    """Evidence that a weighted harm rate is below (or above) `rate`.

    `heaviest` is the largest weight a row may have, fixed before any row is seen; a
    heavier row is taken for that much, which is the only way it could mislead.
    """

    def __init__(
        self, rate: float, *, below: bool = True, heaviest: float = 1.0
    ) -> None:
        """Begin with wealth 1 against the claim that the rate is not `below` `rate`.

        Raises ValueError for a rate that is not between 0 and 1.
        """
        if not 0.0 < rate < 1.0:
            raise ValueError("a rate lies between 0 and 1")
        self._rate, self._below = rate, below
        self._heaviest = max(1e-9, heaviest)
        largest = 1.0 / (1.0 - rate) if below else 1.0 / rate
        self._stakes = [share * largest for share in _BETS]
        self._logs = [0.0] * len(_BETS)
        self._moves: dict[tuple[bool, float], list[float]] = {}
        self.most = 0.0

    def see(self, *, worse: bool, weight: float = 1.0, times: int = 1) -> None:
        """Bet on one more row, or on several alike."""
        moves = self._moves.get((worse, weight))
        if moves is None:
            moves = self._moves.setdefault(
                (worse, weight), self._move(worse=worse, weight=weight)
            )
        pairs = zip(self._logs, moves, strict=True)
        logs = self._logs = [before + times * move for before, move in pairs]
        top = max(logs)
        if top > self.most:  # the mixture is at most its best bet
            self.most = max(self.most, self.log_wealth)

    @property
    def log_wealth(self) -> float:
        """The logarithm of the wealth now; `most` is what it ever was."""
        top = max(self._logs)
        return top + log(sum(exp(e - top) for e in self._logs) / len(self._logs))

    def _move(self, *, worse: bool, weight: float) -> list[float]:
        gain = self._rate - worse if self._below else worse - self._rate
        gain *= min(1.0, max(0.0, weight) / self._heaviest)
        return [log1p(max(-0.999999, stake * gain)) for stake in self._stakes]


Counts = Mapping[tuple[bool, float], int]


def log_wealth(counts: Counts, rate: float, *, heaviest: float = 1.0) -> float:
    """Return the evidence that the harm rate is below `rate`, all rows bet on.

    `counts` says how many rows there are of each (worse, weight): their order does not
    matter for what they come to. Cost: the number of different weights.
    """
    wealth = Wealth(rate, heaviest=heaviest)
    for (worse, weight), count in counts.items():
        wealth.see(worse=worse, weight=weight, times=count)
    return wealth.log_wealth


def upper_bound(counts: Counts, chance: float, *, heaviest: float = 1.0) -> float:
    """Return a rate that the true one exceeds with at most `chance`; 1.0 of nothing.

    Valid whenever one looks, and however often.
    """
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        if log_wealth(counts, middle, heaviest=heaviest) >= -log(chance):
            high = middle
        else:
            low = middle
    return high
