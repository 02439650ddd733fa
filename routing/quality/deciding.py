"""How far a draft can be trusted: vetoes, then what was learned, then what others say.

The order is that of price: what is certain, what is free, what must be paid for.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from routing.quality import agreement
from routing.quality.features.vector import features_of
from routing.quality.knowledge import DIFFERING, NOTHING_KNOWN, Knowledge
from routing.quality.learning import inputs
from routing.quality.route import Posterior, route_of
from routing.quality.vetoes import vetoes_of
from routing.rule_terms import RuleTerms
from routing.types import NO_CHECKS, ChatRequest, Checks, Completion
from routing.verdicts import NOTHING_OBSERVED, Looks, Observed, Signal, Verdict

LOW_CONFIDENCE = "low_confidence"
UNSUPPORTED = "unsupported"
# The share of drafts as good as the verifier's when a judge calls them good: assumed
# until labels tell.
JUDGED_GOOD = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleJudge:
    """Judges the drafts of one rule by what is `known` and what may be asked."""

    known: Knowledge = NOTHING_KNOWN
    checks: Checks = NO_CHECKS

    def __call__(
        self, request: ChatRequest, draft: Completion, terms: RuleTerms, looks: Looks
    ) -> Verdict:
        """Return the verdict on `draft`; confidence 0 when a veto fires.

        Cost: some milliseconds for features where anything was learned or may be
        asked (`bench.judging`), and the time of whoever is asked.
        """
        threshold = terms.threshold
        vetoes = vetoes_of(request, draft)
        if vetoes:
            return vetoed(vetoes, threshold)
        judging = _Judging(self, request, draft, terms, looks)
        confidence = judging.confidence()
        reason = "" if confidence >= threshold else LOW_CONFIDENCE
        if not judging.supported:
            reason = UNSUPPORTED
        return Verdict(
            confidence=confidence,
            threshold=threshold,
            signals=tuple(judging.signals),
            reason=reason,
            observed=judging.observed,
        )


JUDGE_BY_PRIOR = RuleJudge()


def vetoed(vetoes: tuple[Signal, ...], threshold: float) -> Verdict:
    """Return the verdict that `vetoes`, at least one, come to. The first is named."""
    return Verdict(
        confidence=0.0,
        threshold=threshold,
        signals=vetoes,
        reason=f"veto:{vetoes[0].name}",
    )


class _Judging:
    """One draft while it is judged. `supported`: a new rule may accept it."""

    def __init__(
        self,
        judge: RuleJudge,
        request: ChatRequest,
        draft: Completion,
        terms: RuleTerms,
        looks: Looks,
    ) -> None:
        self._known, self._checks = judge.known, judge.checks
        self._request, self._draft = request, draft
        self._prior, self._looks = terms.prior, looks
        self.signals: list[Signal] = []
        if draft.logprobs:
            self._tell("mean_logprob", sum(draft.logprobs) / len(draft.logprobs))
        self.observed = _observed(request, draft, terms, judge)
        # Without anybody to ask, the rule's stated prior is all a new rule has.
        self._cold = self._known.cold_on(self.observed.route)
        self.supported = not (self._cold and judge.checks.any)

    def confidence(self) -> float:
        """Return the confidence, asking others only where their word may change it."""
        posterior = self._known.posterior(self.observed.route, self._prior)
        confidence = self._first(posterior)
        if self._asks_second(confidence):
            confidence = self._with_second(confidence, posterior)
        if self._asks_judge(confidence):
            confidence = self._with_opinion(confidence)
        return confidence

    def _first(self, posterior: Posterior) -> float:
        """What the draft alone tells: the gate's word, else the route's base rate."""
        if self._known.routes is not None:
            self._tell("route", posterior.good)
        gate = self._known.gate
        if gate is None or self._cold:
            return posterior.good if self._known.routes is not None else self._prior
        observed = self.observed
        confidence = gate.confidence(
            inputs(observed.features, posterior), observed.route
        )
        self._tell("gate", confidence)
        self._tell("gate_version", self._known.version)
        return confidence

    def _asks_second(self, confidence: float) -> bool:
        if not self._checks.asks_second:
            return False
        always = self._checks.second_when == "always" or self._cold
        return always or self._known.zone.asks(confidence)

    def _asks_judge(self, confidence: float) -> bool:
        if not self._checks.asks_judge or self._said("second_opinion") is not None:
            return False
        if self._cold:
            return not self.supported
        always = self._checks.judge_when == "always"
        return always or self._known.zone.asks(confidence)

    def _with_second(self, confidence: float, posterior: Posterior) -> float:
        second = self._looks.second()
        if second is None:
            return confidence
        found = agreement.agreement(self._request, self._draft, second)
        vector = agreement.features_of(found, self._draft, second)
        self.observed = dataclasses.replace(self.observed, second=vector)
        relation = found.relation
        if relation != "not_comparable":
            self._tell("second_opinion", float(relation == "agree"))
        self.supported |= relation == "agree"
        if self._known.pair is not None and not self._cold:
            taken = inputs(self.observed.features, posterior, vector)
            return self._known.pair.confidence(taken, self.observed.route)
        return self._known.beside(confidence, relation)

    def _with_opinion(self, confidence: float) -> float:
        opinion = self._looks.opinion(self._draft)
        if opinion is None:
            return confidence
        self._tell("judge", opinion.score)
        if self._cold:
            self.supported |= opinion.word == "good"
            return JUDGED_GOOD if opinion.word == "good" else min(confidence, DIFFERING)
        return self._known.swayed(confidence, opinion.score)

    def _tell(self, name: str, value: float) -> None:
        self.signals.append(Signal(name=name, value=round(value, 4)))

    def _said(self, name: str) -> float | None:
        return next((s.value for s in self.signals if s.name == name), None)


def _observed(
    request: ChatRequest, draft: Completion, terms: RuleTerms, judge: RuleJudge
) -> Observed:
    """What is measured of the draft: no more than what will be used now."""
    known = judge.known
    if known.routes is None:
        return NOTHING_OBSERVED
    return Observed(
        route=route_of(request, terms.name),
        features=()
        if known.cold or known.gate is None
        else features_of(request, draft),
        gate=known.version,
    )
