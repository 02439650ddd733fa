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
        return _verify(request, Outcome(kind="pass_through", plan=plan), upstream)
    request = _uncompressed(request)
    against = reason_against(request, plan)
    if against is not None:
        reason = f"not_eligible:{against}"
        so_far = Outcome(kind="pass_through", plan=plan, reason=reason)
        return _verify(request, so_far, upstream)
    terms = plan.rule
    draft = drafting.take(
        request, plan.draft, upstream=upstream, timeout_s=terms.draft_timeout_s
    )
    so_far = _judged(request, plan, draft, terms=terms, judge=judge)
    return _verify(request, so_far, upstream) if so_far.kind == "escalated" else so_far


def _uncompressed(request: ChatRequest) -> ChatRequest:
    """Ask for plain bytes: under a rule we read answers, and name the model in them."""
    headers = tuple(
        ("accept-encoding", "identity") if name == "accept-encoding" else (name, value)
        for name, value in request.headers
    )
    return dataclasses.replace(request, headers=headers)


def _judged(
    request: ChatRequest,
    plan: CascadePlan,
    draft: Draft,
    *,
    terms: RuleTerms,
    judge: Judge,
) -> Outcome:
    """Return what came of the draft; a pass-through when nobody waits any more."""
    tried = Outcome(kind="pass_through", plan=plan, draft=draft, calls=(draft.call,))
    if draft.gone:
        return dataclasses.replace(tried, gone=True)
    if draft.completion is None:
        return dataclasses.replace(tried, kind="escalated", reason=draft.failure)
    verdict = judge(request, draft.completion, terms)
    return dataclasses.replace(
        tried,
        kind="accepted" if verdict.accepted else "escalated",
        reason=verdict.reason,
        verdict=verdict,
        answered_by_draft=verdict.accepted,
    )


def _verify(request: ChatRequest, so_far: Outcome, upstream: Upstream) -> Outcome:
    """Return `so_far` with the verifier's answer, or what came in its place."""
    target, started = so_far.plan.verifier, time.monotonic()
    try:
        reply = upstream.ask(request, target)
    except (ClientGone, ProxyError) as failure:
        failed = _failed_calls(target, started, failure)
        return _without_verifier(so_far, failed, failure)
    if reply.status >= 400 and _draft_may_stand_in(so_far):
        reply.close()
        call = _failed_call(target, started, status=reply.status)
        return _without_verifier(so_far, (call,), None)
    waited_ms = (time.monotonic() - started) * 1000
    opened = OpenCall(target=target, reply=reply, started=started, waited_ms=waited_ms)
    return dataclasses.replace(so_far, verifier=opened)


def _without_verifier(
    so_far: Outcome,
    failed: tuple[Call, ...],
    failure: ProxyError | ClientGone | None,
) -> Outcome:
    gone = isinstance(failure, ClientGone)
    stands_in = not gone and _draft_may_stand_in(so_far)
    return dataclasses.replace(
        so_far,
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


def _draft_may_stand_in(so_far: Outcome) -> bool:
    rule = so_far.plan.rule
    return (
        rule is not None
        and rule.on_verifier_error == "return_draft"
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
