"""Outcome -> what goes to the client; the decision recorded, upstream closed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from metrics.types import Usage
from routing import breaker, evaluating, memory
from routing.answers import Body, LiveAnswer, ReadyAnswer, StreamEnd
from routing.decision_log import Decision
from routing.dialects import dialect_of
from routing.drafting import Draft
from routing.encoding import decoder_for, is_compressed, plain
from routing.errors import ClientGone, ProxyError, StreamInterrupted
from routing.kept_text import collector_for
from routing.listening import Heard, heard
from routing.outcome import OpenCall, Outcome
from routing.reading import READINGS
from routing.rendering import Rendering, keeps_usage, rendering_for
from routing.sse import is_event_stream
from routing.types import Call, CascadePlan, ChatRequest, Dialect, Headers, Reply

CLIENT_CLOSED_REQUEST = 499
MAX_ANSWER_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An answer ready to be sent. `streamed`: its chunks are events, sent as they come.

    `headers` are those of whoever answered.
    """

    status: int
    body: Body
    headers: Headers = ()
    streamed: bool = False


class Settler:
    """Settles the one outcome of a request.

    The decision is recorded before the last byte of an answer goes out, so that a kill
    loses no answered decision.
    """

    def __init__(
        self,
        request: ChatRequest,
        plan: CascadePlan,
        *,
        decision: Decision,
        client_gone: Callable[[], bool],
    ) -> None:
        self._request = request
        self._plan = plan
        self._decision = decision
        self._client_gone = client_gone
        self._dialect = dialect_of(request)
        rule = plan.rule
        self._texts = collector_for(rule) if rule and rule.text_share else None
        self._heard: Heard | None = None
        self._learns = False

    def settle(self, outcome: Outcome) -> Settled:
        """Return the answer of `outcome`. Whoever sends it closes its body."""
        verifier, draft = outcome.verifier, outcome.draft
        self._learns = evaluating.learns_from(outcome)
        if verifier is not None:
            streamed = is_event_stream(verifier.reply.headers)
            verifier = self._readable(verifier, streamed=streamed)
            settle = self._live if streamed else self._whole
            return settle(outcome, verifier)
        if outcome.answered_by_draft and draft is not None:
            return self._draft(outcome, draft)
        return self._failed(outcome, outcome.error, outcome.calls)

    def _readable(self, verifier: OpenCall, *, streamed: bool) -> OpenCall:
        """Under a rule we asked for plain bytes, and name the model in them.

        So we do for a client of another dialect, whose answer is made of them, and of a
        stream whose usage is for us alone.
        """
        if self._plan.rule is None and not self._looked_at(verifier, streamed=streamed):
            return verifier
        reply = plain(verifier.reply)
        if self._texts is not None or self._learns:
            reply, self._heard = heard(
                reply, self._request, streamed=streamed, dialect=verifier.dialect
            )
            if self._texts is not None and self._heard is not None:
                self._texts.hear(self._heard)
        return dataclasses.replace(verifier, reply=reply)

    def _looked_at(self, verifier: OpenCall, *, streamed: bool) -> bool:
        if self._crosses(verifier):
            return True
        return streamed and keeps_usage(
            self._request, verifier.dialect, verifier.target
        )

    def _crosses(self, verifier: OpenCall) -> bool:
        """Whether its answer is in another dialect than its client's."""
        return verifier.dialect != self._request.spoken

    def _live(self, outcome: Outcome, verifier: OpenCall) -> Settled:
        reply = verifier.reply
        rendering = self._rendering(outcome, verifier.dialect)

        def on_first(waited_ms: float) -> None:
            self._decision.answering(upstream_ms=outcome.upstream_ms + waited_ms)

        def on_end(end: StreamEnd) -> None:
            calls = (*outcome.calls, end.call)
            status = end.failed_status or reply.status
            self._close(outcome, status, calls, aborted=end.aborted)

        body = LiveAnswer(
            verifier,
            rendering=rendering,
            render_error=self._error_event,
            on_first=on_first,
            on_end=on_end,
        )
        headers = rendering.headers(reply.headers, streamed=True)
        return Settled(status=reply.status, headers=headers, body=body, streamed=True)

    def _whole(self, outcome: Outcome, verifier: OpenCall) -> Settled:
        reply = verifier.reply
        body, failure = _read(reply)
        is_answer, usage = self._usage_in(b"" if failure else body, verifier)
        if failure is None and not is_answer and self._must_be_read(verifier):
            failure = StreamInterrupted("The provider's answer cannot be read.")
        call = verifier.ended(
            usage,
            cut_off=failure is not None,
            failure=failure.failure if isinstance(failure, ProxyError) else "",
        )
        calls = (*outcome.calls, call)
        if failure is not None:
            error = failure if isinstance(failure, ProxyError) else None
            return self._failed(outcome, error, calls)
        self._close(outcome, reply.status, calls, aborted=self._client_gone())
        name = self._name_for(outcome) if is_answer else None
        rendering = rendering_for(self._request, verifier.dialect, name)
        return Settled(
            status=rendering.status(reply.status),
            headers=rendering.headers(reply.headers, streamed=False),
            body=ReadyAnswer([rendering.whole(body, reply.status)]),
        )

    def _must_be_read(self, verifier: OpenCall) -> bool:
        """Whether it answers with success a client of another dialect.

        What it says cannot be passed on then, only what it means.
        """
        return self._crosses(verifier) and verifier.reply.status < 400

    def _draft(self, outcome: Outcome, draft: Draft) -> Settled:
        self._close(outcome, 200, outcome.calls, aborted=self._client_gone())
        self._remember_turn(draft)
        rendering = self._rendering(outcome, draft.dialect)
        stream = self._request.stream
        return Settled(
            status=200,
            headers=rendering.headers(draft.headers, streamed=stream),
            body=ReadyAnswer(rendering.ready(draft.parts, stream=stream)),
            streamed=stream,
        )

    def _failed(
        self, outcome: Outcome, error: ProxyError | None, calls: tuple[Call, ...]
    ) -> Settled:
        """Settle an outcome nobody answered; without an error the client has gone."""
        if error is None:
            self._close(outcome, CLIENT_CLOSED_REQUEST, calls, aborted=True)
            return Settled(status=CLIENT_CLOSED_REQUEST, body=ReadyAnswer([]))
        self._close(outcome, error.status, calls)
        request_id = self._decision.request_id
        return Settled(
            status=self._dialect.status_of(error),
            headers=self._dialect.error_headers(error, request_id),
            body=ReadyAnswer([self._dialect.render_error(error, request_id)]),
        )

    def _name_for(self, outcome: Outcome) -> str | None:
        """Return the model name to put into the answer; None leaves what is there."""
        rule = self._plan.rule
        if rule is None or rule.response_model == "served":
            return None
        requested = self._request.model
        return requested if outcome.served.model != requested else None

    def _error_event(self, error: ProxyError) -> bytes:
        return self._dialect.render_error_event(error, self._decision.request_id)

    def _rendering(self, outcome: Outcome, answer: Dialect) -> Rendering:
        name, served = self._name_for(outcome), outcome.served
        return rendering_for(self._request, answer, name, served)

    def _usage_in(self, body: bytes, verifier: OpenCall) -> tuple[bool, Usage | None]:
        """Return whether a body is an answer, and its usage; no more is decoded."""
        decode = decoder_for(verifier.reply.headers)
        if decode is None:
            return False, None
        compressed = is_compressed(verifier.reply.headers)
        plain_body = b"".join(decode(body)) if compressed else body
        read = READINGS[verifier.dialect].usage_in_whole
        return read(b"" if decode.lost else plain_body, self._request)

    def _close(
        self,
        outcome: Outcome,
        status: int,
        calls: tuple[Call, ...],
        *,
        aborted: bool = False,
    ) -> None:
        self._decision.close(
            self._request, outcome, status=status, calls=calls, aborted=aborted
        )
        if self._texts is not None:
            self._texts.keep(self._request, self._decision, outcome.draft)
        if self._learns and status == 200 and not aborted:
            evaluating.consider(self._request, outcome, self._decision, self._heard)
        recalled = outcome.recalled
        tried = recalled.draft_trial and outcome.draft is not None
        breaker.note(calls, trial=outcome.plan.draft if tried else None)
        memory.remember_caches(
            self._request,
            self._decision.key_id,
            outcome.plan,
            calls,
            recalled.caches,
        )
        if status >= 400 or aborted:
            memory.remember_failure(self._request, self._decision.key_id)
        elif recalled.repeat:
            memory.forget_failure(self._request, self._decision.key_id)

    def _remember_turn(self, draft: Draft) -> None:
        """Before the answer goes out: the results of its tools may come at once."""
        called = draft.completion.tool_uses if draft.completion else []
        ids = [str(tool.get("id")) for tool in called]
        if ids:
            memory.remember_turn(
                self._request,
                self._decision.key_id,
                draft=draft.calls[-1].target,
                tool_use_ids=ids,
            )


def read_whole(reply: Reply) -> bytes:
    """Return all of a body. Raises StreamInterrupted for one too large to hold."""
    chunks: list[bytes] = []
    size = 0
    for chunk in reply:
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise StreamInterrupted("The provider's answer is too large.")
        chunks.append(chunk)
    return b"".join(chunks)


def _read(reply: Reply) -> tuple[bytes, ProxyError | ClientGone | None]:
    try:
        return read_whole(reply), None
    except (ProxyError, ClientGone) as failure:
        return b"", failure
    finally:
        reply.close()
