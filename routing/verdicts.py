"""What judging a draft comes to, and the seams of whoever judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from routing.judging import Opinion
from routing.rule_terms import RuleTerms
from routing.types import ChatRequest, Completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something observed about a draft. A veto alone escalates; its value is 1.0."""

    name: str
    value: float
    veto: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was measured of a draft, for whoever learns from it later.

    `features` and `second` are vectors in the order of their names; empty when nothing
    was measured. `route` is a fingerprint, `gate` the version that judged, 0 without.
    """

    route: str = ""
    features: tuple[float, ...] = ()
    second: tuple[float, ...] = ()
    gate: int = 0


NOTHING_OBSERVED = Observed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What judging a draft came to. `reason` is "" when the draft is accepted."""

    confidence: float
    threshold: float
    signals: tuple[Signal, ...]
    reason: str = ""
    observed: Observed = field(default=NOTHING_OBSERVED, repr=False, compare=False)

    @property
    def accepted(self) -> bool:
        """Whether the draft is returned."""
        return not self.reason

    @property
    def vetoed(self) -> bool:
        """Whether a certainty escalated, whatever the confidence."""
        return any(signal.veto for signal in self.signals)


class Looks(Protocol):
    """What other models say of a draft, asked when it is first wanted and only once."""

    def second(self) -> Completion | None:
        """Return a second model's answer to the request; None when there is none."""

    def opinion(self, draft: Completion) -> Opinion | None:
        """Return a judge's word on `draft`; None when there is none."""


class Judge(Protocol):
    """Says how far a draft can be trusted."""

    def __call__(
        self, request: ChatRequest, draft: Completion, terms: RuleTerms, looks: Looks
    ) -> Verdict:
        """Return the verdict on `draft`; never raises for what a model wrote."""
