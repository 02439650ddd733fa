"""Asks the verifier, and its fallback when it is not available. Reads no answer."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

from metrics.types import Role
from routing.adapting import copy_for
from routing.errors import (
    ClientGone,
    Failure,
    ProxyError,
    UpstreamError,
    UpstreamUnreachable,
)
from routing.outcome import OpenCall, Outcome
from routing.patience import RATE_LIMITED
from routing.quality.deciding import LOW_CONFIDENCE, UNSUPPORTED
from routing.reading import answer_dialect
from routing.types import Call, CascadePlan, ChatRequest, Target, Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """What came of asking one model for the answer: an open call, or a failure.

    `call` is the failed one; None when the provider was not even asked.
    """

    opened: OpenCall | None = None
    failure: ProxyError | ClientGone | None = None
    call: Call | None = None

    @property
    def unavailable(self) -> bool:
        """Whether the provider is at fault, and another might answer."""
        if self.opened is not None:
            return self.opened.reply.status >= 500
        return isinstance(self.failure, UpstreamError)

    @property
    def answers(self) -> bool:
        """Whether what came is an answer, and no error of the provider's."""
        return self.opened is not None and self.opened.reply.status < 400

    @property
    def calls(self) -> tuple[Call, ...]:
        """The failed call, if there was one."""
        return (self.call,) if self.call else ()

    def since(self, moment: float) -> _Try:
        """Return this try as one that nobody waited for before `moment`."""
        waited_ms = (time.monotonic() - moment) * 1000
        if self.call is not None:
            duration_ms = min(self.call.duration_ms, waited_ms)
            call = dataclasses.replace(self.call, duration_ms=duration_ms)
            return dataclasses.replace(self, call=call)
        if self.opened is None or self.opened.started >= moment:
            return self
        opened = dataclasses.replace(self.opened, started=moment, waited_ms=waited_ms)
        return dataclasses.replace(self, opened=opened)

    def left(self) -> tuple[Call, ...]:
        """Close this try, whose answer is not needed; its call comes back as a spare.

        What an answer that began well would have cost is not known; a failure is one.
        """
        calls = self.dropped().calls
        if self.opened is not None and self.opened.reply.status == 200:
            calls = tuple(
                dataclasses.replace(call, status=None, cut_off=True) for call in calls
            )
        return tuple(
            dataclasses.replace(call, role="spare", duration_ms=0.0) for call in calls
        )

    def dropped(self) -> _Try:
        """Return this try with its reply closed: something else is answered."""
        if self.opened is None:
            return self
        self.opened.reply.close()
        return _Try(call=self.opened.ended(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking the verifier and, where its provider failed, its fallback."""

    verifier: _Try
    fallback: _Try | None = None

    def waited_for(self, since: float) -> Asked:
        """Return the same, waited for no sooner than `since`, in monotonic seconds."""
        if self.fallback is None:
            return Asked(verifier=self.verifier.since(since))
        # Of two, what was waited for is the time of the one that was asked last.
        return Asked(
            verifier=self.verifier.since(time.monotonic()),
            fallback=self.fallback.since(since),
        )

    @property
    def may_do_better(self) -> bool:
        """Whether nobody answered, and somebody may if asked again."""
        fallback = self.fallback
        if fallback is not None and fallback.answers:
            return False
        opened = self.verifier.opened
        busy = opened is not None and opened.reply.status == RATE_LIMITED
        return busy or self.verifier.unavailable

    def left(self) -> tuple[Call, ...]:
        """Close what answers: nobody will read it. The calls, as spares, come back."""
        fallback = self.fallback.left() if self.fallback else ()
        return (*self.verifier.left(), *fallback)


def answered(request: ChatRequest, so_far: Outcome, upstream: Upstream) -> Outcome:
    """Return `so_far` with the verifier's answer, or what came in its place."""
    return settled(so_far, asked(request, so_far.plan, upstream))


def asked(request: ChatRequest, plan: CascadePlan, upstream: Upstream) -> Asked:
    """Return what came of asking the verifier, and its fallback if need be.

    Whoever takes it settles or drops it: what answers is open.
    """
    verifier = _ask(as_meant(request, plan), plan.verifier, upstream, role="verifier")
    if not verifier.unavailable or plan.fallback is None:
        return Asked(verifier=verifier)
    copy = copy_for(request, plan.fallback, plan.rule)
    fallback = _ask(copy, plan.fallback, upstream, role="fallback")
    return Asked(verifier=verifier, fallback=fallback)


def settled(so_far: Outcome, found: Asked) -> Outcome:
    """Return `so_far` with whoever answered of those that were asked.

    When the fallback fails too, the client gets what the verifier said.
    """
    verifier, fallback = found.verifier, found.fallback
    if fallback is None:
        return _from_verifier(so_far, verifier)
    if fallback.answers:
        so_far = with_calls(so_far, verifier.dropped().calls)
        return dataclasses.replace(so_far, verifier=fallback.opened)
    if isinstance(fallback.failure, ClientGone):
        calls = verifier.dropped().calls + fallback.calls
        return dataclasses.replace(with_calls(so_far, calls), gone=True)
    return _from_verifier(with_calls(so_far, fallback.dropped().calls), verifier)


def as_meant(request: ChatRequest, plan: CascadePlan) -> ChatRequest:
    """Return what the verifier is asked: the client's own words, where it knows them.

    Who speaks another dialect cannot know what a model of this one takes.
    """
    if request.native is None or plan.verifier.provider.dialect == "openai":
        return request
    return copy_for(request, plan.verifier, plan.rule)


def _from_verifier(so_far: Outcome, verifier: _Try) -> Outcome:
    stands_in = _draft_may_stand_in(so_far)
    opened, failure = verifier.opened, verifier.failure
    if opened is not None and not (stands_in and opened.reply.status >= 400):
        return dataclasses.replace(so_far, verifier=opened)
    so_far = with_calls(so_far, verifier.dropped().calls)
    if isinstance(failure, ClientGone):
        return dataclasses.replace(so_far, gone=True)
    if stands_in:
        return dataclasses.replace(so_far, answered_by_draft=True)
    return dataclasses.replace(so_far, error=failure)


def _ask(
    request: ChatRequest, target: Target, upstream: Upstream, *, role: Role
) -> _Try:
    started = time.monotonic()
    try:
        reply = upstream.ask(request, target)
    except ClientGone as gone:
        call = _failed_call(role, target, started, cut_off=True)
        return _Try(failure=gone, call=call if gone.asked else None)
    except UpstreamError as error:
        # It may have worked for us all the same, unless it could not be reached.
        cut_off = not isinstance(error, UpstreamUnreachable)
        call = _failed_call(
            role, target, started, cut_off=cut_off, failure=error.failure
        )
        return _Try(failure=error, call=call)
    except ProxyError as error:
        return _Try(failure=error)
    waited_ms = (time.monotonic() - started) * 1000
    opened = OpenCall(
        role=role,
        target=target,
        reply=reply,
        started=started,
        waited_ms=waited_ms,
        dialect=answer_dialect(request, target),
    )
    return _Try(opened=opened)


def with_calls(so_far: Outcome, calls: tuple[Call, ...]) -> Outcome:
    """Return `so_far` after `calls` more."""
    return dataclasses.replace(so_far, calls=so_far.calls + calls)


def _draft_may_stand_in(so_far: Outcome) -> bool:
    rule = so_far.plan.rule
    return (
        rule is not None
        and rule.on_verifier_error == "return_draft"
        and so_far.reason in (LOW_CONFIDENCE, UNSUPPORTED)
    )


def _failed_call(
    role: Role,
    target: Target,
    started: float,
    *,
    cut_off: bool,
    failure: Failure = "",
) -> Call:
    return Call(
        role=role,
        target=target,
        status=None,
        usage=None,
        duration_ms=(time.monotonic() - started) * 1000,
        cut_off=cut_off,
        failure=failure,
    )
