"""Faults of the wire: events left out or broken, replies slowed, cut or mangled."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from routing.simulator.values import Answer, Chunk, Event, Reply, Text

HUGE_BYTES = 1024 * 1024
STALL_S = 3600.0
SLOW_S = 2.0
_SPLIT_BYTES = 7
_SPLIT_PAUSE_S = 0.001
_MULTIBYTE = "Grüße, 你好, привет, 🙂 (simulated)."

_EXTRA_TEXTS = {"huge_event": "x" * HUGE_BYTES, "split_utf8": _MULTIBYTE}

EventFault = Callable[[Sequence[Event], Event], list[Event]]
ReplyFault = Callable[[Reply, float | None], Reply]


def widened(answer: Answer, name: str) -> Answer:
    """Return `answer` with the text that the fault `name` needs; itself for others."""
    extra = _EXTRA_TEXTS.get(name)
    if extra is None:
        return answer
    return replace(answer, blocks=(Text(text=extra), *answer.blocks))


def _truncated_events(events: Sequence[Event], error: Event) -> list[Event]:  # noqa: ARG001 - the shape of a fault
    return list(events[: len(events) // 2])


def _without_stop(events: Sequence[Event], error: Event) -> list[Event]:  # noqa: ARG001 - the shape of a fault
    return list(events[:-1])


def _with_error(events: Sequence[Event], error: Event) -> list[Event]:
    return [*events[: len(events) // 2], error]


def _broken_event(events: Sequence[Event], error: Event) -> list[Event]:  # noqa: ARG001 - the shape of a fault
    middle = len(events) // 2
    broken = events[middle].data.rstrip()
    cut = Event(data=broken[: -len(broken) // 4] + b"\n\n", paced=events[middle].paced)
    return [*events[:middle], cut, *events[middle + 1 :]]


# Each takes the events and the error event of their wire.
EVENT_FAULTS: Mapping[str, EventFault] = {
    "truncated": _truncated_events,
    "no_message_stop": _without_stop,
    "error_event": _with_error,
    "bad_json": _broken_event,
}


def _slow(reply: Reply, value: float | None) -> Reply:
    return replace(reply, head_delay_s=SLOW_S if value is None else value)


def _stalled(reply: Reply, value: float | None) -> Reply:
    first, (chunk, *rest) = _halves(reply)
    pause_s = STALL_S if value is None else value
    late = replace(chunk, delay_s=chunk.delay_s + pause_s)
    return replace(reply, chunks=(*first, late, *rest))


def _reset(reply: Reply, value: float | None) -> Reply:  # noqa: ARG001 - the shape of a fault
    first, _ = _halves(reply)
    length = len(reply.body)
    return replace(reply, chunks=first, ending="reset", declared_length=length)


def _truncated(reply: Reply, value: float | None) -> Reply:  # noqa: ARG001 - the shape of a fault
    # A stream has lost its events already and ends in good form; that is the point.
    if reply.chunked:
        return reply
    first, _ = _halves(reply)
    length = len(reply.body)
    return replace(reply, chunks=first, ending="cut", declared_length=length)


def _broken_body(reply: Reply, value: float | None) -> Reply:  # noqa: ARG001 - the shape of a fault
    if reply.chunked:
        return reply
    body = reply.body
    return replace(reply, chunks=(Chunk(data=body[: -len(body) // 3]),))


def _split(reply: Reply, value: float | None) -> Reply:  # noqa: ARG001 - the shape of a fault
    body = reply.body
    chunks = tuple(
        Chunk(data=body[start : start + _SPLIT_BYTES], delay_s=_SPLIT_PAUSE_S)
        for start in range(0, len(body), _SPLIT_BYTES)
    )
    return replace(reply, chunks=chunks)


def plain(reply: Reply) -> Reply:
    """Return `reply` declared as plain text."""
    headers = tuple(pair for pair in reply.headers if pair[0] != "content-type")
    return replace(reply, headers=(("content-type", "text/plain"), *headers))


def _gzipped(reply: Reply, value: float | None) -> Reply:  # noqa: ARG001 - the shape of a fault
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    chunks = [
        replace(c, data=packer.compress(c.data) + packer.flush(zlib.Z_SYNC_FLUSH))
        for c in reply.chunks
    ]
    chunks.append(Chunk(data=packer.flush()))
    headers = (*reply.headers, ("content-encoding", "gzip"))
    return replace(reply, headers=headers, chunks=tuple(chunks))


# Each takes the reply and the fault's value.
REPLY_FAULTS: Mapping[str, ReplyFault] = {
    "slow_first_byte": _slow,
    "stall": _stalled,
    "reset": _reset,
    "truncated": _truncated,
    "bad_json": _broken_body,
    "split_utf8": _split,
    "gzip": _gzipped,
}


def _halves(reply: Reply) -> tuple[tuple[Chunk, ...], tuple[Chunk, ...]]:
    """Return the chunks before and after the middle; a lone chunk is split."""
    chunks = reply.chunks
    if len(chunks) == 1:
        data = chunks[0].data
        middle = len(data) // 2
        first = replace(chunks[0], data=data[:middle])
        return (first,), (Chunk(data=data[middle:]),)
    return chunks[: len(chunks) // 2], chunks[len(chunks) // 2 :]
