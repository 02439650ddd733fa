"""What is learned from a request once its answer has gone: labels.

An escalation has both answers already: they are compared. Of accepted drafts a share is
drawn, and the verifier is asked beside them. Where drafts are only observed, the draft
is asked beside the verifier. None of it is seen by a client.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from metrics import recorder
from metrics.types import TRY_TAG, LabelRecord
from routing import cascade, drafting, judging, memory, rules, verifying
from routing.connection import ClientConnection
from routing.decision_log import Decision
from routing.eligibility import reason_against_observing
from routing.listening import Heard
from routing.looking import JUDGE_TIMEOUT_S
from routing.outcome import Outcome
from routing.quality.agreement import Agreement, agreement
from routing.quality.features.vector import FEATURES_VERSION, features_of
from routing.quality.route import route_of
from routing.rule_terms import ShadowTerms
from routing.shadow import ShadowPool, pool
from routing.state import store
from routing.types import Call, ChatRequest, Completion, Upstream
from routing.verdicts import Verdict

SHADOW_TIMEOUT_S = 600.0
DAY_S = 24 * 3600.0
# How often comparing answers by their form is right. Of those that differ, one draft in
# five was as good all the same.
# Source: measured on 13 pairs of models, 0.98 to 1.00 and 0.52 to 0.98.
TRUST = {"agree": 0.98, "differ": 0.8}
JUDGE_TRUST = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A decision that is to be learned from; `probability` is that of being drawn."""

    request: ChatRequest
    outcome: Outcome
    decision: Decision
    verifier: Completion | None = None
    probability: float = 1.0


def learns_from(outcome: Outcome) -> bool:
    """Return whether the verifier's answer will be compared: it has to be heard.

    A fallback's answer is not the verifier's, so nothing is learned from it.
    """
    verdict = outcome.verdict
    if outcome.verifier is not None and outcome.verifier.role == "fallback":
        return False
    escalated = outcome.escalated and verdict is not None and not verdict.vetoed
    return escalated or (outcome.reason == rules.OBSERVED) or outcome.answered_by_draft


def consider(
    request: ChatRequest,
    outcome: Outcome,
    decision: Decision,
    heard: Heard | None,
    *,
    tasks: ShadowPool = pool,
    draw: Callable[[], float] = random.random,
) -> None:
    """Take a decision whose answer has gone for learning, where it is to be.

    Cost: next to nothing; the work is done by `tasks` afterwards.
    """
    if decision.tag == TRY_TAG or outcome.plan.rule is None:
        return
    if request.native is not None and not request.native.judgeable:
        return
    drawn = _Drawn(
        request=request,
        outcome=outcome,
        decision=decision,
        verifier=heard.completion() if heard else None,
    )
    if outcome.answered_by_draft:
        shadow = outcome.plan.rule.shadow
        if draw() < shadow.share and _due(shadow, outcome.plan.rule.name):
            drawn = dataclasses.replace(drawn, probability=shadow.share)
            tasks.offer(lambda: _ask_verifier(drawn), size_bytes=_size_of(drawn))
    elif drawn.verifier is not None:
        work = _ask_draft if outcome.reason == rules.OBSERVED else _compare
        tasks.offer(lambda: work(drawn), size_bytes=_size_of(drawn))


def _size_of(drawn: _Drawn) -> int:
    """About the bytes that wait with a decision: its request and what was answered."""
    draft, heard, native = drawn.outcome.draft, drawn.verifier, drawn.request.native
    parts = draft.parts if draft else ()
    said = len(heard.text) if heard else 0
    asked = len(drawn.request.body) + (len(native.body) if native else 0)
    return asked + 2 * sum(map(len, parts)) + 2 * said


def _due(shadow: ShadowTerms, rule: str) -> bool:
    """Whether it is no quiet hour and the day's number is not reached."""
    now = timezone.localtime()
    if shadow.quiet_at(now.hour):
        return False
    counted = store().count(f"shadow:{rule}:{now:%Y%m%d}", ttl_s=DAY_S)
    return counted <= shadow.per_day


def _compare(drawn: _Drawn) -> None:
    draft = drawn.outcome.draft
    if draft is not None and draft.completion is not None:
        _learn(drawn, draft.completion, drawn.verifier, drawn.outcome.verdict, ())


def _ask_verifier(drawn: _Drawn) -> None:
    """Ask the verifier what the draft has answered, as the client might have got it."""
    draft, plan = drawn.outcome.draft, drawn.outcome.plan
    answer = drafting.take(
        verifying.as_meant(drawn.request, plan),
        plan.verifier,
        upstream=_upstream(),
        timeout_s=SHADOW_TIMEOUT_S,
        role="shadow",
    )
    completion = draft.completion if draft else None
    _learn(drawn, completion, answer.completion, drawn.outcome.verdict, answer.calls)


def _ask_draft(drawn: _Drawn) -> None:
    """Ask the draft what the verifier has answered, and judge it as if it counted.

    What may not be drafted is not asked here either.
    """
    plan = dataclasses.replace(
        drawn.outcome.plan, draft=drawn.outcome.plan.observed, observed=None, reason=""
    )
    recalled = memory.recall(drawn.request, plan, drawn.decision.key_id)
    if reason_against_observing(drawn.request, plan, recalled):
        return
    nothing_yet = Outcome(kind="pass_through", plan=plan, recalled=recalled)
    judge = rules.judge_of(plan, drawn.decision.snapshot)
    seen = cascade.drafted(
        drawn.request, nothing_yet, upstream=_upstream(), judge=judge
    )
    completion = seen.draft.completion if seen.draft else None
    drawn = dataclasses.replace(
        drawn, outcome=dataclasses.replace(drawn.outcome, plan=plan)
    )
    _learn(drawn, completion, drawn.verifier, seen.verdict, seen.calls, seen.reason)


def _learn(
    drawn: _Drawn,
    draft: Completion | None,
    verifier: Completion | None,
    verdict: Verdict | None,
    calls: tuple[Call, ...],
    reason: str = "",
) -> None:
    """Compare, write down what was asked for it, then what was found."""
    label = None
    if draft is not None and verifier is not None and verdict is not None:
        label, asked = _label(drawn, draft, verifier)
        calls = (*calls, *asked)
    observed = drawn.outcome.reason == rules.OBSERVED
    if calls:
        drawn.decision.beside(
            drawn.request,
            drawn.outcome.plan,
            calls,
            verdict=verdict if observed else None,
            reason=reason,
        )
    if label is not None and verdict is not None and draft is not None:
        recorder.label(_measured(label, drawn, draft, verdict))


def _label(
    drawn: _Drawn, draft: Completion, verifier: Completion
) -> tuple[LabelRecord | None, tuple[Call, ...]]:
    """What the two answers come to: by their form, else by a judge; None by neither."""
    found = agreement(drawn.request, draft, verifier)
    if found.relation != "not_comparable":
        return _by_agreement(drawn, found), ()
    return _by_judge(drawn, draft, verifier)


def _by_agreement(drawn: _Drawn, found: Agreement) -> LabelRecord:
    return LabelRecord(
        decision_id=drawn.decision.id,
        source="agreement",
        by=drawn.outcome.plan.verifier.model,
        worse=found.relation == "differ",
        at=datetime.now(UTC),
        probability=drawn.probability,
        trust=TRUST[found.relation],
        reason=found.matter,
    )


def _by_judge(
    drawn: _Drawn, draft: Completion, verifier: Completion
) -> tuple[LabelRecord | None, tuple[Call, ...]]:
    judge = drawn.outcome.plan.checks.judge
    checks = drawn.outcome.plan.checks
    if judge is None or checks.paused:
        return None, ()
    questions = judging.comparison_requests(drawn.request, draft, verifier, judge)
    answers = [
        drafting.take(
            question,
            judge,
            upstream=_upstream(),
            timeout_s=JUDGE_TIMEOUT_S,
            role="judge",
        )
        for question in questions
    ]
    calls = tuple(call for answer in answers for call in answer.calls)
    first, second = (answer.completion for answer in answers)
    preferred = judging.preference_in(first, second) if first and second else None
    if preferred is None:
        return None, calls
    label = LabelRecord(
        decision_id=drawn.decision.id,
        source="judge",
        by=judge.model,
        worse=preferred.better == "verifier",
        at=datetime.now(UTC),
        probability=drawn.probability,
        trust=JUDGE_TRUST,
        reason=preferred.reason,
    )
    return label, calls


def _measured(
    label: LabelRecord, drawn: _Drawn, draft: Completion, verdict: Verdict
) -> LabelRecord:
    """Return `label` with what was measured of the draft, now if it was not then."""
    seen, plan = verdict.observed, drawn.outcome.plan
    rule = plan.rule
    return dataclasses.replace(
        label,
        route=seen.route or route_of(drawn.request, rule.name if rule else ""),
        draft_model=plan.draft.model if plan.draft else "",
        confidence=verdict.confidence,
        features_version=FEATURES_VERSION,
        features=seen.features or features_of(drawn.request, draft),
        second=seen.second,
    )


def _upstream() -> Upstream:
    """Return how models are asked for nobody who waits."""
    return ClientConnection({}).upstream
