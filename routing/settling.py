"""Outcome -> what goes to the client; the decision recorded, upstream closed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from metrics.types import Usage
from routing import breaker, memory
from routing.answers import Body, LiveAnswer, ReadyAnswer, StreamEnd
from routing.decision_log import Decision
from routing.dialects import anthropic
from routing.drafting import Draft
from routing.encoding import decoder_for, is_compressed, plain
from routing.errors import ClientGone, ProxyError, StreamInterrupted
from routing.kept_text import collector_for
from routing.metering import usage_in_message
from routing.outcome import OpenCall, Outcome
from routing.streams import replace_model, replace_model_in_message
from routing.types import Call, CascadePlan, ChatRequest, Headers, Reply

EVENT_STREAM = "text/event-stream"
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
        rule = plan.rule
        self._texts = collector_for(rule) if rule and rule.text_share else None

    def settle(self, outcome: Outcome) -> Settled:
        """Return the answer of `outcome`. Whoever sends it closes its body."""
        verifier, draft = outcome.verifier, outcome.draft
        if verifier is not None:
            streamed = is_event_stream(verifier.reply.headers)
            verifier = self._readable(verifier, streamed=streamed)
            settle = self._live if streamed else self._whole
            return settle(outcome, verifier)
        if outcome.answered_by_draft and draft is not None:
            return self._draft(outcome, draft)
        return self._failed(outcome, outcome.error, outcome.calls)

    def _readable(self, verifier: OpenCall, *, streamed: bool) -> OpenCall:
        """Under a rule we asked for plain bytes, and name the model in them."""
        if self._plan.rule is None:
            return verifier
        reply = plain(verifier.reply)
        if self._texts is not None:
            reply = self._texts.listen(reply, streamed=streamed)
        return dataclasses.replace(verifier, reply=reply)

    def _live(self, outcome: Outcome, verifier: OpenCall) -> Settled:
        reply = verifier.reply

        def on_first(waited_ms: float) -> None:
            self._decision.answering(upstream_ms=outcome.upstream_ms + waited_ms)

        def on_end(end: StreamEnd) -> None:
            calls = (*outcome.calls, end.call)
            status = end.failed_status or reply.status
            self._close(outcome, status, calls, aborted=end.aborted)

        body = LiveAnswer(
            verifier,
            rename_to=self._name_for(outcome),
            render_error=self._error_event,
            on_first=on_first,
            on_end=on_end,
        )
        return Settled(
            status=reply.status, headers=reply.headers, body=body, streamed=True
        )

    def _whole(self, outcome: Outcome, verifier: OpenCall) -> Settled:
        reply = verifier.reply
        body, failure = _read(reply)
        is_message, usage = _usage_in(b"" if failure else body, reply.headers)
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
        name = self._name_for(outcome)
        if name and is_message:
            body = replace_model_in_message(body, name)
        return Settled(
            status=reply.status, headers=reply.headers, body=ReadyAnswer([body])
        )

    def _draft(self, outcome: Outcome, draft: Draft) -> Settled:
        self._close(outcome, 200, outcome.calls, aborted=self._client_gone())
        self._remember_turn(draft)
        parts, name = draft.parts, self._name_for(outcome)
        if name:
            rename = replace_model if self._request.stream else replace_model_in_message
            parts = tuple(rename(part, name) for part in parts)
        return Settled(
            status=200,
            headers=draft.headers,
            body=ReadyAnswer(parts),
            streamed=self._request.stream,
        )

    def _failed(
        self, outcome: Outcome, error: ProxyError | None, calls: tuple[Call, ...]
    ) -> Settled:
        """Settle an outcome nobody answered; without an error the client has gone."""
        if error is None:
            self._close(outcome, CLIENT_CLOSED_REQUEST, calls, aborted=True)
            return Settled(status=CLIENT_CLOSED_REQUEST, body=ReadyAnswer([]))
        self._close(outcome, error.status, calls)
        return Settled(
            status=error.status,
            headers=anthropic.error_headers(error, self._decision.request_id),
            body=ReadyAnswer(
                [anthropic.render_error(error, self._decision.request_id)]
            ),
        )

    def _name_for(self, outcome: Outcome) -> str | None:
        """Return the model name to put into the answer; None leaves what is there."""
        rule = self._plan.rule
        if rule is None or rule.response_model == "served":
            return None
        requested = self._request.model
        return requested if outcome.served.model != requested else None

    def _error_event(self, error: ProxyError) -> bytes:
        return anthropic.render_error_event(error, self._decision.request_id)

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


def is_event_stream(headers: Headers) -> bool:
    """Whether a body with these headers is a stream of events."""
    kinds = (value.lower() for name, value in headers if name == "content-type")
    return any(kind.startswith(EVENT_STREAM) for kind in kinds)


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


def _usage_in(body: bytes, headers: Headers) -> tuple[bool, Usage | None]:
    """Return whether a body is a message, and its usage, decoded only as far needed."""
    decode = decoder_for(headers)
    if decode is None:
        return False, None
    plain_body = body if not is_compressed(headers) else b"".join(decode(body))
    return usage_in_message(b"" if decode.lost else plain_body)
