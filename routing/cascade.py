"""Draft, judge, accept or escalate. Knows no Django and no HTTP.

The verifier answers; it does not grade.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

from routing import drafting, verifying
from routing.adapting import draft_copy
from routing.drafting import Draft
from routing.eligibility import reason_against
from routing.looking import Inquiry
from routing.outcome import Outcome
from routing.quality.deciding import JUDGE_BY_PRIOR, vetoed
from routing.quality.vetoes import vetoes_of_call
from routing.spare import Spare
from routing.types import (
    NOTHING_RECALLED,
    CascadePlan,
    ChatRequest,
    Recalled,
    Upstream,
)
from routing.verdicts import Judge

ClaimTrial = Callable[[CascadePlan], bool]


def run(
    request: ChatRequest,
    plan: CascadePlan,
    *,
    upstream: Upstream,
    judge: Judge = JUDGE_BY_PRIOR,
    recalled: Recalled = NOTHING_RECALLED,
    claim_trial: ClaimTrial = lambda plan: False,  # noqa: ARG005  nobody to ask
) -> Outcome:
    """Return what answers `request`: the draft if good enough, else the verifier.

    The draft is read to its end before anything is sent: a client that has seen one
    byte cannot be moved to another model. The verifier is returned as an open reply and
    is not read here. Never raises for a provider or a client that left: the outcome
    says so, because what was spent until then is a decision too.

    `claim_trial` is asked last, and only where the draft is down and a trial is due.
    """
    nothing_yet = Outcome(kind="pass_through", plan=plan, recalled=recalled)
    against = _reason_against(request, plan, recalled, claim_trial)
    if against is not None or plan.draft is None or plan.rule is None:
        so_far = dataclasses.replace(nothing_yet, reason=against or plan.reason)
        return verifying.answered(request, so_far, upstream)
    spare = Spare(request, plan, upstream)
    spare.begin()
    try:
        so_far = drafted(request, nothing_yet, upstream=upstream, judge=judge)
    except BaseException:
        spare.left(nothing_yet)
        raise
    return spare.answered(so_far) if so_far.escalated else spare.left(so_far)


def drafted(
    request: ChatRequest, nothing_yet: Outcome, *, upstream: Upstream, judge: Judge
) -> Outcome:
    """Return what came of asking the draft and judging it; nobody else is asked yet.

    Without a draft in the plan that is `nothing_yet`. Never raises for a provider.
    """
    plan = nothing_yet.plan
    if plan.draft is None or plan.rule is None:
        return nothing_yet
    inquiry = Inquiry(request, plan, upstream, nothing_yet.recalled.silent)
    inquiry.begin()
    draft = drafting.take(
        draft_copy(request, plan),
        plan.draft,
        upstream=upstream,
        timeout_s=plan.rule.draft_timeout_s,
        vetoes=partial(vetoes_of_call, request),
    )
    return _judged(request, nothing_yet, draft, inquiry, judge=judge)


def _reason_against(
    request: ChatRequest,
    plan: CascadePlan,
    recalled: Recalled,
    claim_trial: ClaimTrial,
) -> str | None:
    against = reason_against(request, plan, recalled)
    if against is None and recalled.draft_trial and not claim_trial(plan):
        against = "draft_down"
    return None if against is None else f"not_eligible:{against}"


def _judged(
    request: ChatRequest,
    so_far: Outcome,
    draft: Draft,
    inquiry: Inquiry,
    *,
    judge: Judge,
) -> Outcome:
    """Return what came of the draft; a pass-through when nobody waits any more."""
    terms = so_far.plan.rule
    verdict = None
    if draft.vetoes and terms is not None:
        verdict = vetoed(draft.vetoes, terms.threshold)
    elif draft.completion is not None and terms is not None and not draft.gone:
        verdict = judge(request, draft.completion, terms, inquiry)
    calls = (*draft.calls, *inquiry.calls())
    tried = dataclasses.replace(so_far, draft=draft, calls=calls)
    if draft.gone:
        return dataclasses.replace(tried, gone=True)
    if verdict is None:
        return dataclasses.replace(tried, kind="escalated", reason=draft.failure)
    return dataclasses.replace(
        tried,
        kind="accepted" if verdict.accepted else "escalated",
        reason=verdict.reason,
        verdict=verdict,
        answered_by_draft=verdict.accepted,
    )
