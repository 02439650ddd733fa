"""The verifier, asked beside a draft that is slow or unlikely to be accepted.

It costs the client less time when the draft is turned down, and is paid for nothing
when it is not. Only where a rule wants its `latency` balanced.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

from routing import verifying
from routing.background import in_background
from routing.outcome import Outcome
from routing.types import Branch, Call, CascadePlan, ChatRequest, Upstream
from routing.verifying import Asked

# Where fewer drafts than this are accepted, the verifier is asked with the draft.
LIKELY = 0.5


class Spare:
    """The verifier of one request while its draft is asked and judged.

    Begun once, and ended once: by `answered` or by `left`.
    """

    def __init__(
        self, request: ChatRequest, plan: CascadePlan, upstream: Upstream
    ) -> None:
        self._request, self._plan, self._upstream = request, plan, upstream
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._branch: Branch | None = None
        self._asked: Future[Asked] | None = None
        self._over = False

    def begin(self) -> None:
        """Ask the verifier now, or when the draft takes too long, or never."""
        terms = self._plan.rule
        if terms is None or terms.latency != "balanced":
            return
        if self._plan.stakes.learned.expected_acceptance(terms.prior) < LIKELY:
            self._ask()
            return
        self._timer = threading.Timer(terms.slow_draft_s, self._ask)
        self._timer.daemon = True
        self._timer.start()

    def answered(self, so_far: Outcome) -> Outcome:
        """Return `so_far` with the verifier's answer, asked for now if it was not yet.

        Only what the client waits for it from now on counts as its time. One that had
        failed by then, for a reason that may have passed, is asked once more.
        """
        asked = self._end()
        if asked is not None and asked.done() and asked.result().may_do_better:
            so_far = verifying.with_calls(so_far, asked.result().left())
            asked = None
        if asked is None:
            return verifying.answered(self._request, so_far, self._upstream)
        since = time.monotonic()
        return verifying.settled(so_far, asked.result().waited_for(since))

    def left(self, so_far: Outcome) -> Outcome:
        """Return `so_far`, which needs no verifier; one that was asked is still paid.

        Its answer is not waited for: nobody will know what it would have cost.
        """
        asked = self._end()
        if asked is None or self._branch is None:
            return so_far
        if asked.done() and asked.exception() is None:
            return verifying.with_calls(so_far, asked.result().left())
        self._branch.leave()
        asked.add_done_callback(_close)
        call = Call(
            role="spare",
            target=self._plan.verifier,
            status=None,
            usage=None,
            duration_ms=0.0,
            cut_off=True,
        )
        return verifying.with_calls(so_far, (call,))

    def _ask(self) -> None:
        with self._lock:
            if self._over:
                return
            branch = self._branch = self._upstream.branch()
            self._asked = in_background(
                lambda: verifying.asked(self._request, self._plan, branch),
                name="spare",
            )

    def _end(self) -> Future[Asked] | None:
        """Let nobody be asked from now on; who was asked by now comes back."""
        with self._lock:
            self._over = True
        if self._timer is not None:
            self._timer.cancel()
        return self._asked


def _close(asked: Future[Asked]) -> None:
    if asked.exception() is None:
        asked.result().left()
