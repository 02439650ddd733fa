"""The judge of a rule: vetoes first, which are certain, then what weighing comes to."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from routing.quality import agreement
from routing.quality.features.vector import features_of
from routing.quality.knowledge import NOTHING_KNOWN, Knowledge
from routing.quality.route import route_of
from routing.quality.vetoes import vetoes_of
from routing.quality.weighing import Asking, Weighing, uses_features
from routing.rule_terms import RuleTerms
from routing.types import NO_CHECKS, ChatRequest, Checks, Completion
from routing.verdicts import NOTHING_OBSERVED, Looks, Observed, Signal, Verdict

LOW_CONFIDENCE = "low_confidence"
UNSUPPORTED = "unsupported"


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
        others = _Others(request, draft, looks)
        observed = _observed(request, draft, terms, self.known)
        weighing = Weighing(
            self.known, asking_of(self.checks), observed.route, observed.features
        )
        found = weighing.weighed(terms.prior, others)
        reason = "" if found.confidence >= threshold else LOW_CONFIDENCE
        if not found.supported:
            reason = UNSUPPORTED
        return Verdict(
            confidence=found.confidence,
            threshold=threshold,
            signals=(*_of_tokens(draft), *found.signals),
            reason=reason,
            observed=dataclasses.replace(observed, second=others.heard),
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


def asking_of(checks: Checks) -> Asking:
    """Return whom `checks` name, and when; who cannot be reached has nothing to say."""
    return Asking(
        second=checks.second_when, judge=checks.judge_when, paused=checks.paused
    )


class _Others:
    """What others say of one draft, as numbers. `heard`: of a second opinion."""

    def __init__(self, request: ChatRequest, draft: Completion, looks: Looks) -> None:
        self._request, self._draft, self._looks = request, draft, looks
        self.heard: tuple[float, ...] = ()

    def second(self) -> tuple[float, ...]:
        second = self._looks.second()
        if second is not None:
            found = agreement.agreement(self._request, self._draft, second)
            self.heard = agreement.features_of(found, self._draft, second)
        return self.heard

    def opinion(self) -> float | None:
        opinion = self._looks.opinion(self._draft)
        return None if opinion is None else opinion.score


def _of_tokens(draft: Completion) -> tuple[Signal, ...]:
    if not draft.logprobs:
        return ()
    mean = sum(draft.logprobs) / len(draft.logprobs)
    return (Signal(name="mean_logprob", value=round(mean, 4)),)


def _observed(
    request: ChatRequest, draft: Completion, terms: RuleTerms, known: Knowledge
) -> Observed:
    """What is measured of the draft: no more than what will be used now."""
    if known.routes is None:
        return NOTHING_OBSERVED
    route = route_of(request, terms.name)
    features = features_of(request, draft) if uses_features(known, route) else ()
    return Observed(route=route, features=features, gate=known.version)
