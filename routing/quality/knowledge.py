"""What labels taught about the drafts of one rule, as whoever judges reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from typing import Literal

from routing.quality.gate import Gate
from routing.quality.regression import sigmoid
from routing.quality.route import Posterior, RouteTable
from routing.quality.zone import Zone

OnLapse = Literal["guarded", "observe"]

# Below so many labels a rule is new: only what a check supports is accepted.
COLD_LABELS = 100
# Base rates alone are trusted on routes with so many labelled drafts of their own; and
# so is a gate that saw fewer good or fewer worse drafts than this.
ROUTE_LABELS = 30
FEW_OF_A_KIND = 10
# Where a second opinion may change the decision.
FIRST_ZONE = Zone(low=0.2, high=0.97)
# What a judge's word is worth until labels tell: of ten good drafts it calls so many
# good, flawed, unsure; and of ten that are worse.
ASSUMED_WORDS: Mapping[float, tuple[float, float]] = {
    1.0: (7.0, 3.0),
    0.0: (1.0, 5.0),
    0.5: (2.0, 2.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known of a rule's drafts. Frozen; the tables in it are only read.

    `labels` counts them, weighted by their trust. `gate` judges a draft alone, `pair` a
    draft beside a second opinion; None until there are labels enough. `version` names
    both in decisions. `words` counts labels by a judge's score: (as good, worse).
    `certified` is the threshold of a certificate in force, None without one;
    `checks_paused`: checking cost more than its budget.
    """

    labels: float = 0.0
    version: int = 0
    gate: Gate | None = None
    pair: Gate | None = None
    routes: RouteTable | None = field(default=None, compare=False)
    zone: Zone = FIRST_ZONE
    words: Mapping[float, tuple[float, float]] = field(default_factory=dict, hash=False)
    certified: float | None = None
    checks_paused: bool = False

    @property
    def cold(self) -> bool:
        """Whether too few labels exist to trust what they say of any draft.

        Where all say the same there is no gate to wait for: base rates tell it all.
        """
        unanimous = self.routes is not None and self.routes.unanimous
        return self.labels < COLD_LABELS or (self.gate is None and not unanimous)

    def cold_on(self, route: str) -> bool:
        """Return whether they tell too little of drafts on `route`.

        A gate that saw enough of both kinds judges those of any; another, and base
        rates, only those of routes with labels of their own.
        """
        if self.cold or self.routes is None or self._vouches:
            return self.cold
        return self.routes.drafts(route) < ROUTE_LABELS

    @property
    def _vouches(self) -> bool:
        gate = self.gate
        if gate is None:
            return False
        good = round(gate.metrics.good * gate.labels)
        return min(good, gate.labels - good) >= FEW_OF_A_KIND

    def posterior(self, route: str, prior: float) -> Posterior:
        """Return what is believed of `route` before its draft is looked at."""
        table = self.routes if self.routes is not None else RouteTable(prior)
        return table.posterior(route)

    def swayed(self, confidence: float, score: float) -> float:
        """Return `confidence` after a judge's word: its odds times the word's worth."""
        good, worse = self._worth(score)
        bounded = min(1 - 1e-6, max(1e-6, confidence))
        return sigmoid(log(bounded / (1 - bounded)) + log(good / worse))

    def _worth(self, score: float) -> tuple[float, float]:
        """How often good drafts get this word, and how often worse ones do."""
        counts = {
            word: tuple(
                assumed + seen
                for assumed, seen in zip(
                    pair, self.words.get(word, (0.0, 0.0)), strict=True
                )
            )
            for word, pair in ASSUMED_WORDS.items()
        }
        all_good, all_worse = map(sum, zip(*counts.values(), strict=True))
        good, worse = counts.get(score, (1.0, 1.0))
        return good / all_good, worse / all_worse


NOTHING_KNOWN = Knowledge()
