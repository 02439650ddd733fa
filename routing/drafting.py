"""Asks the draft model and reads its answer to the end; nothing goes on from here."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from routing.encoding import is_compressed, plain
from routing.errors import ClientGone, Failure, ProxyError, UpstreamTimeout
from routing.patience import wait_before_retry
from routing.sse import EventSplitter
from routing.streams import MessageFolder, parse_message
from routing.types import (
    Call,
    ChatRequest,
    Completion,
    Headers,
    Reply,
    Target,
    Upstream,
)

MAX_DRAFT_BYTES = 64 * 1024 * 1024
# An event a token, at 128,000 tokens, leaves room.
MAX_DRAFT_EVENTS = 200_000


# A provider that is busy for longer costs the client more than the draft would save.
RETRY_BUDGET_S = 2.0

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What came of asking the draft model.

    `calls` are all tries, the one that counts last.
    `parts` is the body as received: one whole JSON message, or a stream's raw events.
    `completion` is None when there is none to judge; `failure` then says why:
    `draft_error` or `draft_timeout`. `gone`: the client left meanwhile.
    """

    calls: tuple[Call, ...]
    headers: Headers = ()
    parts: tuple[bytes, ...] = ()
    completion: Completion | None = None
    failure: str = ""
    gone: bool = False


class _Unusable(Exception):
    """The draft's answer is not one we can judge."""


def take(
    request: ChatRequest,
    target: Target,
    *,
    upstream: Upstream,
    timeout_s: float,
    sleep: Sleep = time.sleep,
) -> Draft:
    """Return the draft's whole answer, or why there is none. Never raises for either.

    The draft is asked in the client's own shape, stream or not. A provider that is
    busy is asked again while its `retry-after` fits into `RETRY_BUDGET_S`. Whatever
    else goes wrong is a reason to escalate, not an error of the client's.
    """
    budget_s = min(RETRY_BUDGET_S, timeout_s)
    earlier: tuple[Call, ...] = ()
    while True:
        draft = _take_once(request, target, upstream=upstream, timeout_s=timeout_s)
        draft = dataclasses.replace(draft, calls=earlier + draft.calls)
        wait_s = wait_before_retry(draft.calls[-1].status, draft.headers)
        if wait_s is None or wait_s > budget_s:
            return draft
        sleep(wait_s)
        budget_s -= wait_s
        timeout_s -= wait_s
        earlier = (*draft.calls[:-1], _with_wait(draft.calls[-1], wait_s))


def _with_wait(call: Call, wait_s: float) -> Call:
    """Waiting because a provider is busy is time spent on it, not on us."""
    return dataclasses.replace(call, duration_ms=call.duration_ms + wait_s * 1000)


def _take_once(
    request: ChatRequest, target: Target, *, upstream: Upstream, timeout_s: float
) -> Draft:
    reading = _Reading(target)
    try:
        reply = plain(upstream.ask(request, target, timeout_s=timeout_s))
        return reading.read(reply, stream=request.stream)
    except ClientGone as gone:
        return reading.failed("", cut_off=gone.asked, gone=True)
    except UpstreamTimeout as slow:
        return reading.failed("draft_timeout", cut_off=True, because=slow)
    except ProxyError as error:
        return reading.failed("draft_error", because=error)
    except _Unusable:
        return reading.failed("draft_error")


class _Reading:
    """One draft while it is read; knows the usage so far when it breaks off."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._started = time.monotonic()
        self._status: int | None = None
        self._headers: Headers = ()
        self._folder = MessageFolder()

    def read(self, reply: Reply, *, stream: bool) -> Draft:
        try:
            self._status, self._headers = reply.status, reply.headers
            if reply.status != 200 or not _is_readable(reply, stream=stream):
                raise _Unusable
            parts = self._events(reply) if stream else (_whole(reply),)
        finally:
            reply.close()
        completion = self._folder.completion() if stream else parse_message(parts[0])
        if completion is None:
            raise _Unusable
        return Draft(
            calls=(self._call(completion),),
            headers=reply.headers,
            parts=tuple(parts),
            completion=completion,
        )

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
        for chunk in _bounded(reply):
            for event in splitter.feed(chunk):
                events.append(event)
                self._folder.add(event)
            if len(events) > MAX_DRAFT_EVENTS:
                raise _Unusable
        if not self._folder.whole:
            raise _Unusable
        return (*events, *((splitter.rest,) if splitter.rest else ()))

    def _call(
        self,
        completion: Completion | None,
        *,
        cut_off: bool = False,
        failure: Failure = "",
    ) -> Call:
        return Call(
            role="draft",
            target=self._target,
            status=self._status,
            usage=completion.usage if completion else None,
            duration_ms=(time.monotonic() - self._started) * 1000,
            cut_off=cut_off,
            failure=failure,
        )


def _is_readable(reply: Reply, *, stream: bool) -> bool:
    return _has_kind(reply, stream=stream) and not is_compressed(reply.headers)


def _has_kind(reply: Reply, *, stream: bool) -> bool:
    # Clients parse by this header: text declared as something else breaks them.
    wanted = "text/event-stream" if stream else "application/json"
    kinds = (v for name, v in reply.headers if name == "content-type")
    return any(kind.lower().startswith(wanted) for kind in kinds)


def _whole(reply: Reply) -> bytes:
    return b"".join(_bounded(reply))


def _bounded(chunks: Iterable[bytes]) -> Iterable[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_DRAFT_BYTES:
            raise _Unusable
        yield chunk
