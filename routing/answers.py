"""Bodies that are sent while they come: a live stream, a draft's events, a held line.

Each is an iterator object with a `close` that may be called twice and before the first
chunk, unlike a generator's: a client can leave before anything was read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Protocol

from routing.encoding import decoder_for, is_compressed
from routing.errors import (
    ClientGone,
    Failure,
    ProxyError,
    StreamInterrupted,
    status_of_error_type,
)
from routing.outcome import OpenCall, Outcome
from routing.rendering import Rendering
from routing.types import Call, Reply

# Sending what is ready never waits, so under gevent nobody else would get a turn.
CHUNKS_IN_A_ROW = 64
RenderError = Callable[[ProxyError], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEnd:
    """How a stream ended: what the call came to, and whether its client saw the end.

    `failed_status` is the status the provider would have answered with, had it failed
    before the first byte; None when the stream came to its end.
    """

    call: Call
    aborted: bool
    failed_status: int | None = None


class LiveAnswer:
    """The verifier's stream, passed on as it comes: byte for byte, or rendered.

    `on_first(wait_ms)` is called before the first byte goes out, `on_end` once: before
    the last event goes out, so that nothing answered is lost when we are killed, or at
    `close` when the client left first. A stream that breaks off between events ends
    with an `error` event; inside an event, or inside a compressed body, the connection
    is cut. None of this looks like a clean end.
    """

    def __init__(
        self,
        call: OpenCall,
        *,
        rendering: Rendering,
        render_error: RenderError,
        on_first: Callable[[float], None],
        on_end: Callable[[StreamEnd], None],
    ) -> None:
        self._call = call
        self._render_error = render_error
        self._on_first = on_first
        self._on_end = on_end
        self._meter = rendering.meter()
        self._decode = decoder_for(call.reply.headers)
        self._plain = not is_compressed(call.reply.headers)
        self._whole_events = rendering.whole_events
        chunks = self._metered(call.reply)
        self._chunks = rendering.live(chunks) if self._plain else chunks
        self._begun = self._ended = self._told_end = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next bytes. Raises StreamInterrupted to cut the connection."""
        if self._ended:
            raise StopIteration
        try:
            asked = time.monotonic()
            chunk = next(self._chunks)
        except StopIteration:
            return self._at_end()
        except ClientGone:
            self.close()
            raise StopIteration from None
        except ProxyError as error:
            return self._broken(error)
        if not self._begun:
            self._begun = True
            self._on_first((time.monotonic() - asked) * 1000)
        if self._told_all:
            self._end(failed_status=self._told_failure)
        return chunk

    def close(self) -> None:
        """Close upstream; what was not seen to its end is recorded as aborted."""
        self._ended = True
        self._end(aborted=True)
        self._call.reply.close()

    @property
    def _told_all(self) -> bool:
        return self._meter.complete or self._meter.error is not None

    @property
    def _unread(self) -> bool:
        """Whether what it tells cannot be known, and so not how it ended."""
        return self._decode is None or self._decode.lost or self._meter.lost

    @property
    def _told_failure(self) -> int | None:
        error = self._meter.error
        return status_of_error_type(error.get("type")) if error is not None else None

    def _metered(self, reply: Reply) -> Iterator[bytes]:
        for chunk in reply:
            if self._decode is not None:
                for piece in self._decode(chunk):
                    self._meter.feed(piece)
            yield chunk

    def _at_end(self) -> bytes:
        if self._told_all or self._unread or self._meter.ended:
            self._end(failed_status=self._told_failure)
            self._ended = True
            raise StopIteration
        return self._broken(StreamInterrupted("The provider's answer broke off."))

    def _broken(self, error: ProxyError) -> bytes:
        self._ended = True
        self._end(failed_status=error.status, failure=error.failure)
        if not self._plain or (self._meter.mid_event and not self._whole_events):
            raise error
        return self._render_error(error)

    def _end(
        self,
        *,
        aborted: bool = False,
        failed_status: int | None = None,
        failure: Failure = "",
    ) -> None:
        if self._told_end:
            return
        self._told_end = True
        cut_off = aborted or failed_status is not None
        if failed_status is not None and failed_status >= 500:
            failure = failure or "interrupted"
        usage = self._meter.usage_so_far if aborted else self._meter.usage
        call = self._call.ended(usage, cut_off=cut_off, failure=failure)
        self._on_end(StreamEnd(call=call, aborted=aborted, failed_status=failed_status))


class Body(Protocol):
    """Chunks of an answer, and a `close` that may be called at any time, and twice."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the chunks."""

    def __next__(self) -> bytes:
        """Return the next chunk."""

    def close(self) -> None:
        """Let go of whatever the body holds."""


class ReadyAnswer:
    """Chunks that are all there already: a draft's events, or one error."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._sent = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next chunk; now and then let others of this worker go first."""
        self._sent += 1
        if self._sent % CHUNKS_IN_A_ROW == 0:
            time.sleep(0)
        return next(self._chunks)

    def close(self) -> None:
        """Do nothing: nothing is held."""


class HeldAnswer:
    """A stream whose decision is still open: pings until it falls, then its answer.

    The first ping goes at once: with it go the status line and the headers. `answer`
    turns the outcome into the body that follows, which this closes. When it is closed
    sooner, `on_abandon` is told, and the body is made and closed as soon as the
    decision falls.
    """

    def __init__(
        self,
        pending: Future[Outcome],
        *,
        ping: bytes,
        ping_s: float,
        answer: Callable[[Outcome], Body],
        on_abandon: Callable[[], None],
    ) -> None:
        self._pending = pending
        self._ping = ping
        self._ping_s = ping_s
        self._answer = answer
        self._on_abandon = on_abandon
        self._begun = False
        self._body: Body | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return a ping, or the next bytes of the answer."""
        if self._body is None:
            patience_s = self._ping_s if self._begun else 0.0
            self._begun = True
            if not wait([self._pending], timeout=patience_s).done:
                return self._ping
            self._body = self._answer(self._pending.result())
        return next(self._body)

    def close(self) -> None:
        """Close the answer, now or when there is one."""
        if self._body is None:
            self._on_abandon()
            self._pending.add_done_callback(
                lambda done: self._answer(done.result()).close()
            )
        else:
            self._body.close()


class ReleasingBody:
    """A body that lets go of its client's connection when it is closed."""

    def __init__(self, body: Body, release: Callable[[], None]) -> None:
        self._body = body
        self._release = release

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """Release the connection, then close the body."""
        self._release()
        self._body.close()
