"""Asks other models about a draft: a second opinion, a judge. Each at most once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from routing import drafting, judging
from routing.adapting import copy_for
from routing.background import in_background
from routing.drafting import Draft
from routing.eligibility import reason_against_asking
from routing.judging import Opinion
from routing.types import (
    Call,
    CascadePlan,
    ChatRequest,
    Completion,
    Target,
    Upstream,
)

JUDGE_TIMEOUT_S = 30.0


class Inquiry:
    """What is asked about the draft of one request.

    A model that cannot be reached, or cannot be asked this, has no opinion: asking
    never raises. Of the `silent`, which are down, nobody is asked.
    """

    def __init__(
        self,
        request: ChatRequest,
        plan: CascadePlan,
        upstream: Upstream,
        silent: Sequence[Target] = (),
    ) -> None:
        self._request = request
        self._plan = plan
        self._upstream = upstream
        self._silent = silent
        self._second: Future[Draft] | None = None
        self._judged: tuple[Call, ...] = ()

    def begin(self) -> None:
        """Ask for a second opinion now, beside the draft, where it is always asked."""
        checks = self._plan.checks
        if checks.second_when == "always" and not checks.paused:
            self._second = self._ask_second()

    def calls(self) -> tuple[Call, ...]:
        """Return the calls that were made. Waits for one under way: it is paid."""
        second = self._second.result().calls if self._second else ()
        return (*second, *self._judged)

    def second(self) -> Completion | None:
        """Return the second model's answer to the request; None when there is none."""
        self._second = self._second or self._ask_second()
        return self._second.result().completion if self._second else None

    def opinion(self, draft: Completion) -> Opinion | None:
        """Return a judge's word on `draft`; None when it has none."""
        judge = self._plan.checks.judge
        if judge is None or judge in self._silent or self._judged:
            return None
        answer = drafting.take(
            judging.verdict_request(self._request, draft, judge),
            judge,
            upstream=self._upstream,
            timeout_s=JUDGE_TIMEOUT_S,
            role="judge",
        )
        self._judged = answer.calls
        return judging.opinion_in(answer.completion) if answer.completion else None

    def _ask_second(self) -> Future[Draft] | None:
        second, rule = self._plan.checks.second, self._plan.rule
        if second is None or second in self._silent or rule is None:
            return None
        if reason_against_asking(self._request, second, self._plan):
            return None
        asked = copy_for(self._request.in_internal_form(), second, rule)
        return in_background(
            lambda: drafting.take(
                asked,
                second,
                upstream=self._upstream,
                timeout_s=rule.draft_timeout_s,
                role="second_opinion",
            ),
            name="second-opinion",
        )
