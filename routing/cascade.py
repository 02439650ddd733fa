"""Draft, judge, accept or escalate. Knows no Django and no HTTP.

The verifier answers; it does not grade.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

from metrics.types import OutcomeKind, Usage
from routing import drafting
from routing.drafting import Draft
from routing.eligibility import reason_against
from routing.errors import ClientGone, ProxyError, UpstreamError, UpstreamUnreachable
from routing.quality.confidence import judge as judge_by_vetoes
from routing.types import (
    Call,
    CascadePlan,
    ChatRequest,
    Judge,
    Reply,
    RuleTerms,
    Target,
    Upstream,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """The verifier's call while its body is still to come; its reader closes `reply`.

    `started` is in monotonic seconds; until the headers came, `waited_ms` went by.
    """

    target: Target
    reply: Reply
    started: float
    waited_ms: float

    def ended(self, usage: Usage | None, *, cut_off: bool = False) -> Call:
        """Return the call, ended now."""
        return Call(
            role="verifier",
            target=self.target,
            status=self.reply.status,
            usage=usage,
            duration_ms=(time.monotonic() - self.started) * 1000,
            cut_off=cut_off,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a request before its answer is sent.

    Exactly one of these answers: the `draft` (`answered_by_draft`), the `verifier`,
    whose body is still to be read, or an `error` of ours; none when the client is
    `gone`. `calls` holds the finished ones.
    """

    kind: OutcomeKind
    plan: CascadePlan
    reason: str = ""
    verdict: Verdict | None = None
    draft: Draft | None = None
    answered_by_draft: bool = False
    verifier: OpenCall | None = None
    error: ProxyError | None = None
    gone: bool = False
    calls: tuple[Call, ...] = ()

    @property
    def served(self) -> Target:
        """The model whose answer goes to the client, or would have."""
        if self.answered_by_draft and self.plan.draft is not None:
            return self.plan.draft
        return self.plan.verifier

    @property
    def upstream_ms(self) -> float:
        """Time spent waiting for providers until now, in milliseconds."""
        waited_ms = self.verifier.waited_ms if self.verifier else 0.0
        return waited_ms + sum(call.duration_ms for call in self.calls)


def run(
    request: ChatRequest,
    plan: CascadePlan,
    *,
    upstream: Upstream,
    judge: Judge = judge_by_vetoes,
) -> Outcome:
    """Return what answers `request`: the draft if good enough, else the verifier.

    The draft is read to its end before anything is sent: a client that has seen one
    byte cannot be moved to another model. The verifier is returned as an open reply and
    is not read here. Never raises for a provider or a client that left: the outcome
    says so, because what was spent until then is a decision too.
    """
    if plan.draft is None or plan.rule is None:
        return _verify(request, plan, upstream, so_far=_SoFar("pass_through"))
    request = _uncompressed(request)
    against = reason_against(request, plan)
    if against is not None:
        so_far = _SoFar("pass_through", f"not_eligible:{against}")
        return _verify(request, plan, upstream, so_far=so_far)
    draft = drafting.take(
        request, plan.draft, upstream=upstream, timeout_s=plan.rule.draft_timeout_s
    )
    so_far = _judged(request, draft, plan.rule, judge)
    if so_far.kind == "accepted" or draft.gone:
        return _answer_with_draft(plan, so_far)
    return _verify(request, plan, upstream, so_far=so_far)


@dataclass(frozen=True, slots=True)
class _SoFar:
    """What is known of a request when it is settled who answers."""

    kind: OutcomeKind
    reason: str = ""
    draft: Draft | None = None
    verdict: Verdict | None = None

    @property
    def calls(self) -> tuple[Call, ...]:
        return (self.draft.call,) if self.draft else ()


def _uncompressed(request: ChatRequest) -> ChatRequest:
    """Ask for plain bytes: under a rule we read answers, and name the model in them."""
    headers = tuple(
        ("accept-encoding", "identity") if name == "accept-encoding" else (name, value)
        for name, value in request.headers
    )
    return dataclasses.replace(request, headers=headers)


def _judged(
    request: ChatRequest, draft: Draft, terms: RuleTerms, judge: Judge
) -> _SoFar:
    if draft.gone:
        return _SoFar("pass_through", "", draft)
    if draft.completion is None:
        return _SoFar("escalated", draft.failure, draft)
    verdict = judge(request, draft.completion, terms)
    kind: OutcomeKind = "accepted" if verdict.accepted else "escalated"
    return _SoFar(kind, verdict.reason, draft, verdict)


def _answer_with_draft(plan: CascadePlan, so_far: _SoFar) -> Outcome:
    gone = so_far.draft is not None and so_far.draft.gone
    return Outcome(
        kind=so_far.kind,
        plan=plan,
        reason=so_far.reason,
        verdict=so_far.verdict,
        draft=so_far.draft,
        answered_by_draft=not gone,
        gone=gone,
        calls=so_far.calls,
    )


def _verify(
    request: ChatRequest, plan: CascadePlan, upstream: Upstream, *, so_far: _SoFar
) -> Outcome:
    started = time.monotonic()
    try:
        reply = upstream.ask(request, plan.verifier)
    except (ClientGone, ProxyError) as failure:
        failed = _failed_calls(plan.verifier, started, failure)
        return _without_verifier(plan, so_far, failed, failure)
    if reply.status >= 400 and _draft_may_stand_in(plan, so_far):
        reply.close()
        call = _failed_call(plan.verifier, started, status=reply.status)
        return _without_verifier(plan, so_far, (call,), None)
    return Outcome(
        kind=so_far.kind,
        plan=plan,
        reason=so_far.reason,
        verdict=so_far.verdict,
        draft=so_far.draft,
        verifier=OpenCall(
            target=plan.verifier,
            reply=reply,
            started=started,
            waited_ms=(time.monotonic() - started) * 1000,
        ),
        calls=so_far.calls,
    )


def _without_verifier(
    plan: CascadePlan,
    so_far: _SoFar,
    failed: tuple[Call, ...],
    failure: ProxyError | ClientGone | None,
) -> Outcome:
    gone = isinstance(failure, ClientGone)
    stands_in = not gone and _draft_may_stand_in(plan, so_far)
    return Outcome(
        kind=so_far.kind,
        plan=plan,
        reason=so_far.reason,
        verdict=so_far.verdict,
        draft=so_far.draft,
        answered_by_draft=stands_in,
        error=failure if isinstance(failure, ProxyError) and not stands_in else None,
        gone=gone,
        calls=so_far.calls + failed,
    )


def _failed_calls(
    target: Target, started: float, failure: ClientGone | ProxyError
) -> tuple[Call, ...]:
    """The call that brought no status line; none when the provider was not asked.

    It may have worked for us all the same, unless it could not be reached.
    """
    if isinstance(failure, ClientGone):
        asked = failure.asked
    else:
        asked = isinstance(failure, UpstreamError)
    if not asked:
        return ()
    cut_off = not isinstance(failure, UpstreamUnreachable)
    return (_failed_call(target, started, cut_off=cut_off),)


def _draft_may_stand_in(plan: CascadePlan, so_far: _SoFar) -> bool:
    return (
        plan.rule is not None
        and plan.rule.on_verifier_error == "return_draft"
        and so_far.reason == "low_confidence"
    )


def _failed_call(
    target: Target, started: float, *, status: int | None = None, cut_off: bool = False
) -> Call:
    return Call(
        role="verifier",
        target=target,
        status=status,
        usage=None,
        duration_ms=(time.monotonic() - started) * 1000,
        cut_off=cut_off,
    )
