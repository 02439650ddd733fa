"""How far a draft can be trusted, by what was learned and by what others say of it.

The order is that of price: what is known is free, what others say must be paid for.
Live decisions and the labels of a certificate are weighed alike, here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from routing.quality.agreement import relation_in
from routing.quality.knowledge import Knowledge
from routing.quality.learning import inputs
from routing.quality.quantities import Relation
from routing.quality.route import Posterior
from routing.types import When
from routing.verdicts import Signal

# The share of drafts as good as the verifier's when a second opinion agrees with them,
# when it differs, and when a judge calls them good: assumed until labels tell.
# Source: measured on 13 pairs of models, 0.93 to 0.99 and 0.28 to 0.89.
AGREEING = 0.95
DIFFERING = 0.4
JUDGED_GOOD = 0.85
GOOD = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Whom a rule asks about its drafts, and when.

    `paused`: it costs more than its budget, so only drafts of which too little is known
    are asked about.
    """

    second: When = "off"
    judge: When = "off"
    paused: bool = False

    @property
    def anybody(self) -> bool:
        """Whether there is anybody to ask."""
        return self.second != "off" or self.judge != "off"


class Others(Protocol):
    """What others say of a draft, asked when it is first wanted and only once."""

    def second(self) -> Sequence[float]:
        """Return `agreement.features_of` a second opinion; empty when there is none."""

    def opinion(self) -> float | None:
        """Return a judge's score, 1 for good; None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What weighing came to. Not `supported`: it is new, and nobody speaks for it."""

    confidence: float
    supported: bool
    signals: tuple[Signal, ...]


class Weighing:
    """One draft while it is weighed, by its `route` and its `features`.

    These may be empty where nothing but base rates is used: see `uses_features`.
    """

    def __init__(
        self, known: Knowledge, asking: Asking, route: str, features: Sequence[float]
    ) -> None:
        self._known, self._asking = known, asking
        self._route, self._features = route, features
        self._cold = known.cold_on(route)
        # Without anybody to ask, what a rule states of its drafts is all a new one has.
        self._supported = not (self._cold and asking.anybody)
        self._signals: list[Signal] = []

    def weighed(self, prior: float, others: Others) -> Weighed:
        """Return the confidence, asking `others` only where their word may change it.

        `prior` is what the rule states of its drafts.
        """
        posterior = self._known.posterior(self._route, prior)
        confidence = self._first(posterior, prior)
        if self._may_ask(self._asking.second, confidence):
            confidence = self._with_second(confidence, posterior, others)
        if self._asks_judge(confidence):
            confidence = self._with_opinion(confidence, others)
        return Weighed(
            confidence=confidence,
            supported=self._supported,
            signals=tuple(self._signals),
        )

    def _first(self, posterior: Posterior, prior: float) -> float:
        """What the draft alone tells: the gate's word, else the route's base rate."""
        known = self._known
        if known.routes is None:
            return prior
        self._tell("route", posterior.good)
        if known.gate is None or self._cold:
            return posterior.good
        taken = inputs(self._features, posterior)
        confidence = known.gate.confidence(taken, self._route)
        self._tell("gate", confidence)
        self._tell("gate_version", known.version)
        return confidence

    def _may_ask(self, when: When, confidence: float) -> bool:
        if when == "off" or self._cold:
            return when != "off"
        if self._asking.paused:
            return False
        return when == "always" or self._known.zone.asks(confidence)

    def _asks_judge(self, confidence: float) -> bool:
        """About what no second opinion could be compared with; if new, unsupported."""
        if any(signal.name == "second_opinion" for signal in self._signals):
            return False
        if self._cold and self._supported:
            return False
        return self._may_ask(self._asking.judge, confidence)

    def _with_second(
        self, confidence: float, posterior: Posterior, others: Others
    ) -> float:
        second = others.second()
        if not second:
            return confidence
        relation, pair = relation_in(second), self._known.pair
        if relation != "not_comparable":
            self._tell("second_opinion", float(relation == "agree"))
        self._supported |= relation == "agree"
        if pair is None or self._cold or not self._features:
            return _beside(confidence, relation)
        return pair.confidence(inputs(self._features, posterior, second), self._route)

    def _with_opinion(self, confidence: float, others: Others) -> float:
        score = others.opinion()
        if score is None:
            return confidence
        self._tell("judge", score)
        if not self._cold:
            return self._known.swayed(confidence, score)
        self._supported |= score == GOOD
        return JUDGED_GOOD if score == GOOD else min(confidence, DIFFERING)

    def _tell(self, name: str, value: float) -> None:
        self._signals.append(Signal(name=name, value=round(value, 4)))


def _beside(confidence: float, relation: Relation) -> float:
    """What a second opinion comes to that no gate has learned to weigh.

    One that agrees never lowers a confidence, one that differs never raises it.
    """
    if relation == "not_comparable":
        return confidence
    if relation == "agree":
        return max(confidence, AGREEING)
    return min(confidence, DIFFERING)


def uses_features(known: Knowledge, route: str) -> bool:
    """Return whether more than base rates speaks of drafts on `route`."""
    return known.gate is not None and not known.cold_on(route)
