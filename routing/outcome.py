"""What came of a request, from the first call to the one that answers."""

from __future__ import annotations

import time
from dataclasses import dataclass

from metrics.types import OutcomeKind, Role, Usage
from routing.drafting import Draft
from routing.errors import Failure, ProxyError
from routing.types import (
    NOTHING_RECALLED,
    Call,
    CascadePlan,
    Dialect,
    Recalled,
    Reply,
    Target,
)
from routing.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """The call of whoever answers, its body still to come; its reader closes `reply`.

    `role` is `fallback` when the verifier was not available. `started` is in monotonic
    seconds; until the headers came, `waited_ms` went by. `dialect` is the shape of the
    body.
    """

    role: Role = "verifier"
    target: Target
    reply: Reply
    started: float
    waited_ms: float
    dialect: Dialect = "anthropic"

    def ended(
        self, usage: Usage | None, *, cut_off: bool = False, failure: Failure = ""
    ) -> Call:
        """Return the call, ended now."""
        return Call(
            role=self.role,
            target=self.target,
            status=self.reply.status,
            usage=usage,
            duration_ms=(time.monotonic() - self.started) * 1000,
            cut_off=cut_off,
            failure=failure,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a request before its answer is sent.

    Exactly one of these answers: the `draft` (`answered_by_draft`), the `verifier` or
    its fallback, whose body is still to be read, or an `error` of ours; none when the
    client is `gone`. `calls` holds the finished ones.
    """

    kind: OutcomeKind
    plan: CascadePlan
    recalled: Recalled = NOTHING_RECALLED
    reason: str = ""
    verdict: Verdict | None = None
    draft: Draft | None = None
    answered_by_draft: bool = False
    verifier: OpenCall | None = None
    error: ProxyError | None = None
    gone: bool = False
    calls: tuple[Call, ...] = ()

    @property
    def escalated(self) -> bool:
        """Whether the verifier is to answer after a draft."""
        return self.kind == "escalated"

    @property
    def served(self) -> Target:
        """The model whose answer goes to the client, or would have."""
        if self.answered_by_draft and self.plan.draft is not None:
            return self.plan.draft
        return self.verifier.target if self.verifier else self.plan.verifier

    @property
    def upstream_ms(self) -> float:
        """Time spent waiting for providers until now, in milliseconds."""
        waited_ms = self.verifier.waited_ms if self.verifier else 0.0
        return waited_ms + sum(call.duration_ms for call in self.calls)
