"""The judge of today: the vetoes and the rule's stated prior, and no claim beyond."""

from __future__ import annotations

from routing.quality.vetoes import vetoes_of
from routing.types import ChatRequest, Completion, RuleTerms, Signal, Verdict

LOW_CONFIDENCE = "low_confidence"


def judge(request: ChatRequest, draft: Completion, terms: RuleTerms) -> Verdict:
    """Return the verdict on `draft`: confidence 0 when a veto fires, else the prior.

    The prior is an assumption the rule states, the same for every draft. Length and
    hedging cost nothing: measured on real pairs of models, both are noise.
    """
    vetoes = vetoes_of(request, draft)
    if vetoes:
        return Verdict(
            confidence=0.0,
            threshold=terms.threshold,
            signals=vetoes,
            reason=f"veto:{vetoes[0].name}",
        )
    return Verdict(
        confidence=terms.prior,
        threshold=terms.threshold,
        signals=_observed(draft),
        reason="" if terms.prior >= terms.threshold else LOW_CONFIDENCE,
    )


def _observed(draft: Completion) -> tuple[Signal, ...]:
    """What is recorded of a draft and decides nothing."""
    if not draft.logprobs:
        return ()
    mean = sum(draft.logprobs) / len(draft.logprobs)
    return (Signal(name="mean_logprob", value=mean),)
