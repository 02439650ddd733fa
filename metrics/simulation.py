"""Decisions, one by one, as another threshold would have had them. Pure.

The arithmetic is that of `metrics.what_if`, on decisions in place of bins: the two
agree wherever a threshold lies on the border of a bin.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

CASCADED = ("accepted", "escalated")


class Decided(msgspec.Struct, frozen=True):
    """What is looked at of one decision. Never one of an account endpoint."""

    rule: str
    simulated: bool
    outcome: str
    reason: str
    confidence: float | None
    cost_nusd: int | None
    baseline_nusd: int | None

    @property
    def known(self) -> bool:
        """Whether its money is in any sum."""
        return self.cost_nusd is not None and self.baseline_nusd is not None

    @property
    def free(self) -> bool:
        """Whether a threshold decides: its draft was judged, and no veto fired."""
        return self.confidence is not None and not self.reason.startswith("veto:")


@dataclass(slots=True, kw_only=True)
class Sums:
    """What happened, and what a threshold would have changed of it.

    `gained` drafts would have been accepted and were not, `lost` ones the other way
    round; `moved_unknown` of both have no known money. `vetoed` and `unjudged` ones
    stay what they were. Money is of decisions whose cost and baseline are known;
    `unknown` counts all others.
    """

    decisions: int = 0
    cascaded: int = 0
    accepted: int = 0
    vetoed: int = 0
    unjudged: int = 0
    unknown: int = 0
    cost_nusd: int = 0
    baseline_nusd: int = 0
    gained: int = 0
    gained_nusd: int = 0
    lost: int = 0
    lost_nusd: int = 0
    moved_unknown: int = 0

    @property
    def saving_nusd(self) -> int:
        """What was saved; negative when it was a loss."""
        return self.baseline_nusd - self.cost_nusd

    @property
    def more_nusd(self) -> int:
        """How much more the threshold would have saved; negative when less."""
        return self.gained_nusd - self.lost_nusd

    @property
    def then_accepted(self) -> int:
        """How many drafts the threshold would have accepted."""
        return self.accepted + self.gained - self.lost

    @property
    def then_cost_nusd(self) -> int:
        """What it would have cost."""
        return self.cost_nusd - self.more_nusd

    @property
    def then_saving_nusd(self) -> int:
        """What it would have saved."""
        return self.saving_nusd + self.more_nusd

    def add(self, decided: Decided, threshold: float | None) -> None:
        """Add one decision; without a threshold only what happened.

        A shadow evaluation was asked for by nobody: it only costs.
        """
        asked = decided.outcome != "shadow"
        self.decisions += asked
        self.cascaded += decided.outcome in CASCADED
        self.accepted += decided.outcome == "accepted"
        self.unknown += not decided.known
        if decided.known:
            self.cost_nusd += decided.cost_nusd or 0
            self.baseline_nusd += decided.baseline_nusd or 0
        if not asked:
            return
        if not decided.free:
            self.vetoed += decided.confidence is not None
            self.unjudged += decided.confidence is None
        elif threshold is not None:
            self._move(decided, threshold)

    def merged(self, other: Sums) -> Sums:
        """Return both together."""
        names = Sums.__dataclass_fields__
        both = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Sums(**both)

    def _move(self, decided: Decided, threshold: float) -> None:
        was = decided.outcome == "accepted"
        would_be = (decided.confidence or 0.0) >= threshold
        if was == would_be:
            return
        nusd = (decided.baseline_nusd or 0) if decided.known else 0
        self.moved_unknown += not decided.known
        if would_be:
            self.gained += 1
            self.gained_nusd += nusd
        else:
            self.lost += 1
            self.lost_nusd += nusd


# By simulated, then by rule: the two kinds of money are never in one sum.
ByKind = dict[bool, dict[str, Sums]]


def replayed(decisions: Iterable[Decided], threshold: float | None) -> ByKind:
    """Return the sums of each rule, of real (False) and simulated (True) money.

    Takes one decision at a time; what it holds grows with the number of rules alone.
    """
    kinds: ByKind = {False: {}, True: {}}
    for decided in decisions:
        rules = kinds[decided.simulated]
        sums = rules.get(decided.rule)
        if sums is None:
            sums = rules[decided.rule] = Sums()
        sums.add(decided, threshold)
    return kinds


def total(rules: Iterable[Sums]) -> Sums:
    """Return the sum of `rules`."""
    everything = Sums()
    for sums in rules:
        everything = everything.merged(sums)
    return everything
