"""Asks the draft model and reads its answer to the end; nothing goes on from here."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

from metrics.types import Role
from routing.encoding import is_compressed, plain
from routing.errors import ClientGone, Failure, ProxyError, UpstreamTimeout
from routing.metering import cut_off_usage
from routing.openings import bounded
from routing.patience import wait_before_retry
from routing.reading import READINGS, answer_dialect
from routing.sse import EVENT_STREAM, EventSplitter, is_of_kind
from routing.streams import Json
from routing.translating.replies import TranslatedReply
from routing.types import (
    Call,
    ChatRequest,
    Completion,
    Dialect,
    Headers,
    Reply,
    Target,
    Upstream,
)
from routing.verdicts import Signal

# The longest answers, of 128,000 tokens, are a megabyte of text.
MAX_DRAFT_BYTES = 8 * 1024 * 1024
# An event a token, of about 120 bytes, leaves room at twice that length.
MAX_DRAFT_STREAM_BYTES = 32 * 1024 * 1024
MAX_DRAFT_EVENTS = 200_000
# Of a draft that still arrives; the others are judged at its end, once for all.
MAX_CALLS_LOOKED_AT = 20

# A longer wait would cost the client more than the draft saves.
RETRY_WAIT_S = 2.0
# A shorter limit than this is the rule's impatience, and no fault of the provider's.
PATIENT_S = 10.0

# What a finished tool call of a draft that still arrives already decides.
CallVetoes = Callable[[Json], tuple[Signal, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What came of asking the draft model.

    `calls` are all tries, the one that counts last.
    `parts` is the body as received, in `dialect`: one whole JSON message, or a stream's
    raw events.
    `completion` is None when there is none to judge; `failure` then says why:
    `draft_error` or `draft_timeout`, or `veto` where `vetoes` ended it while it still
    arrived. `gone`: the client left meanwhile.
    """

    calls: tuple[Call, ...]
    headers: Headers = ()
    parts: tuple[bytes, ...] = ()
    completion: Completion | None = None
    failure: str = ""
    vetoes: tuple[Signal, ...] = ()
    gone: bool = False
    dialect: Dialect = "anthropic"


class _Unusable(Exception):
    """The draft's answer is not one we can judge, or need to: `vetoes` settle it."""

    def __init__(self, vetoes: tuple[Signal, ...] = ()) -> None:
        super().__init__()
        self.vetoes = vetoes


def take(
    request: ChatRequest,
    target: Target,
    *,
    upstream: Upstream,
    timeout_s: float,
    role: Role = "draft",
    vetoes: CallVetoes | None = None,
) -> Draft:
    """Return the draft's whole answer, or why there is none. Never raises for either.

    A second opinion and a judge are asked the same way, in a `role` of their own. The
    draft is asked in the client's own shape, stream or not. A provider that is
    busy is asked once more when its `retry-after` is no longer than `RETRY_WAIT_S`.
    Whatever else goes wrong is a reason to escalate, not an error of the client's.
    `timeout_s` bounds all of it. A stream is left at the first of its tool calls that
    `vetoes`: what would still come is not paid.
    """
    deadline = time.monotonic() + timeout_s
    patient = timeout_s >= PATIENT_S
    asker = _Asker(request, target, upstream, role, patient, vetoes)
    first = asker.ask(timeout_s)
    wait_s = wait_before_retry(first.calls[-1].status, first.headers)
    if wait_s is None or wait_s > RETRY_WAIT_S:
        return first
    left_s = deadline - time.monotonic() - wait_s
    if left_s <= 0:
        return first
    time.sleep(wait_s)
    second = asker.ask(left_s)
    calls = (_with_wait(first.calls[-1], wait_s), *second.calls)
    return dataclasses.replace(second, calls=calls)


def _with_wait(call: Call, wait_s: float) -> Call:
    """Waiting because a provider is busy is time spent on it, not on us."""
    return dataclasses.replace(call, duration_ms=call.duration_ms + wait_s * 1000)


@dataclass(frozen=True, slots=True)
class _Asker:
    """Asks a draft. Not `patient`: a slow answer is no fault of the provider's."""

    request: ChatRequest
    target: Target
    upstream: Upstream
    role: Role
    patient: bool
    vetoes: CallVetoes | None

    def ask(self, timeout_s: float) -> Draft:
        reading = _Reading(self.request, self.target, self.role, self.vetoes)
        try:
            reply = self.upstream.ask(self.request, self.target, timeout_s=timeout_s)
            return reading.read(plain(reply), stream=self.request.stream)
        except ClientGone as gone:
            return reading.failed("", cut_off=gone.asked, gone=True)
        except UpstreamTimeout as slow:
            blamed = slow if self.patient and not reading.begun else None
            return reading.failed("draft_timeout", cut_off=True, because=blamed)
        except ProxyError as error:
            return reading.failed("draft_error", because=error)
        except _Unusable as found:
            failure = "veto" if found.vetoes else "draft_error"
            draft = reading.failed(failure, cut_off=bool(found.vetoes))
            return dataclasses.replace(draft, vetoes=found.vetoes)


class _Reading:
    """One draft while it is read; knows the usage so far when it breaks off."""

    def __init__(
        self,
        request: ChatRequest,
        target: Target,
        role: Role,
        vetoes: CallVetoes | None,
    ) -> None:
        self._request = request
        self._target = target
        self._role = role
        self._vetoes = vetoes
        self._looked_at = 0
        self._dialect = answer_dialect(request, target)
        self._started = time.monotonic()
        self._status: int | None = None
        self._headers: Headers = ()
        self._folder = READINGS[self._dialect].folder(request)

    @property
    def begun(self) -> bool:
        """Whether the answer has begun: whoever answers slowly is not away."""
        return self._status is not None

    def read(self, reply: Reply, *, stream: bool) -> Draft:
        try:
            self._status, self._headers = reply.status, reply.headers
            if reply.status != 200 or not _is_readable(reply, stream=stream):
                raise _Unusable
            parts = self._events(reply) if stream else (_whole(reply),)
        finally:
            reply.close()
        completion = self._folder.completion() if stream else self._parsed(parts[0])
        if completion is None:
            raise _Unusable
        told = reply.logprobs if isinstance(reply, TranslatedReply) else ()
        if told:
            completion = dataclasses.replace(completion, logprobs=told)
        return Draft(
            calls=(self._call(completion),),
            headers=reply.headers,
            parts=tuple(parts),
            completion=completion,
            dialect=self._dialect,
        )

    def _parsed(self, body: bytes) -> Completion | None:
        return READINGS[self._dialect].whole(body, self._request)

    def failed(
        self,
        failure: str,
        *,
        cut_off: bool = False,
        gone: bool = False,
        because: ProxyError | None = None,
    ) -> Draft:
        call = self._call(
            self._folder.completion(),
            cut_off=cut_off,
            failure=because.failure if because else "",
        )
        return Draft(calls=(call,), headers=self._headers, failure=failure, gone=gone)

    def _events(self, reply: Reply) -> tuple[bytes, ...]:
        splitter = EventSplitter()
        events: list[bytes] = []
        for chunk in bounded(reply, MAX_DRAFT_STREAM_BYTES, too_large=_Unusable()):
            for event in splitter.feed(chunk):
                events.append(event)
                self._folder.add(event)
                if self._vetoes and self._looked_at < MAX_CALLS_LOOKED_AT:
                    self._look_into(self._vetoes)
            if len(events) > MAX_DRAFT_EVENTS:
                raise _Unusable
        if not self._folder.whole:
            raise _Unusable
        return (*events, *((splitter.rest,) if splitter.rest else ()))

    def _look_into(self, vetoes_of: CallVetoes) -> None:
        left = MAX_CALLS_LOOKED_AT - self._looked_at
        for call in self._folder.ended_calls(left):
            self._looked_at += 1
            if vetoes := vetoes_of(call):
                raise _Unusable(vetoes)

    def _call(
        self,
        completion: Completion | None,
        *,
        cut_off: bool = False,
        failure: Failure = "",
    ) -> Call:
        usage = completion.usage if completion else None
        if completion and cut_off:
            usage = cut_off_usage(usage, completion.blocks)
        return Call(
            role=self._role,
            target=self._target,
            status=self._status,
            usage=usage,
            duration_ms=(time.monotonic() - self._started) * 1000,
            cut_off=cut_off,
            failure=failure,
        )


def _is_readable(reply: Reply, *, stream: bool) -> bool:
    return _has_kind(reply, stream=stream) and not is_compressed(reply.headers)


def _has_kind(reply: Reply, *, stream: bool) -> bool:
    # Clients parse by this header: text declared as something else breaks them.
    return is_of_kind(reply.headers, EVENT_STREAM if stream else "application/json")


def _whole(reply: Reply) -> bytes:
    return b"".join(bounded(reply, MAX_DRAFT_BYTES, too_large=_Unusable()))
