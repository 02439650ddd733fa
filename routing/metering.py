"""What a provider's answer tells of its cost and its end, without building the answer.

For answers that are passed on and not judged. Whoever sends one may mean us harm: a few
kilobytes, compressed, can stand for millions of values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from metrics.types import Usage
from routing.sse import EventSplitter, event_data, event_name
from routing.streams import Json, error_in, json_or_text, merged_usage
from routing.usage import usage_of

MAX_EVENT_BYTES = 64 * 1024 * 1024
# Several times those of the longest answer, an event a token.
MAX_EVENTS = 1_000_000
# A report of usage, or an error, is a few hundred bytes.
MAX_VALUE_BYTES = 64 * 1024
# Shorter than any event that has a name we look for.
_NAMELESS_BYTES = 8
# Of an event that carries a piece of an answer, what is not that piece.
_FRAME_BYTES = len(
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":""}}'
)
_BYTES_A_TOKEN = 4
# Where a block holds what was written.
_WRITTEN = ("text", "thinking", "input")
# Billed to nobody, and longer than most of an answer.
_SIGNATURE = b'"signature_delta"'

_NOTHING = msgspec.Raw(b"")


class _Told(msgspec.Struct, gc=False, frozen=True):
    """What of an event the meter looks at, still JSON."""

    type: msgspec.Raw = _NOTHING
    message: msgspec.Raw = _NOTHING
    usage: msgspec.Raw = _NOTHING
    error: msgspec.Raw = _NOTHING


_TOLD = msgspec.json.Decoder(_Told)


class EventMeter:
    """Watches the events of a live stream go by; `_note` is told each of them.

    Never raises for what a stream holds. `lost`: it is like no answer, and is not
    looked at any more; what it told until then stands.
    """

    def __init__(self) -> None:
        self.complete = self.lost = False
        self.error: Json | None = None
        self._splitter = EventSplitter()
        self._events = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream, cut anywhere, content decoded."""
        if self.lost:
            return
        events = self._splitter.feed(chunk)
        self._events += len(events)
        for raw in events:
            self._note(raw)
        endless = self._splitter.rest_bytes > MAX_EVENT_BYTES
        if endless or self._events > MAX_EVENTS:
            self.lost = True
            self._splitter = EventSplitter()

    @property
    def mid_event(self) -> bool:
        """Whether the stream stands inside an event, or may do so."""
        return self.lost or self._splitter.rest_bytes > 0

    def _note(self, raw: bytes) -> None:
        raise NotImplementedError


class StreamMeter(EventMeter):
    """Watches a live stream of a message go by: the usage so far, and how it ended.

    Costs 2 to 3 microseconds per event: only those that carry usage or an error are
    read, and of these nothing else.
    """

    def __init__(self) -> None:
        super().__init__()
        self._usage: Json | None = None
        self._heard_tokens = 0
        self._told_output = False

    @property
    def ended(self) -> bool:
        """Whether an end of the stream now would be one: only after `message_stop`."""
        return self.complete

    @property
    def usage(self) -> Usage | None:
        """The usage told so far; None when none was."""
        return usage_of(self._usage)

    @property
    def usage_so_far(self) -> Usage | None:
        """The usage of a stream that is left before it told what was written.

        Providers bill what they wrote until then: what was heard of it is estimated, or
        whoever leaves before the last event would have it for nothing.
        """
        told = self.usage
        if told is None or self._told_output:
            return told
        output = max(told.output_tokens, self._heard_tokens)
        return dataclasses.replace(told, output_tokens=output)

    def _note(self, raw: bytes) -> None:
        if len(raw) < _NAMELESS_BYTES:
            return
        name = event_name(raw)
        if name == "message_stop":
            self.complete = True
        elif name == "content_block_delta":
            self._hear(raw)
        elif name in ("message_start", "message_delta"):
            told = _told(event_data(raw))
            self._told_output |= name == "message_delta" and _is_object(told.usage)
            holder = _told(told.message) if _is_object(told.message) else told
            self._usage = merged_usage(self._usage, _small(holder.usage))
        elif name == "error":
            self.error = error_in({"error": _small(_told(event_data(raw)).error)})

    def _hear(self, raw: bytes) -> None:
        if _SIGNATURE not in raw[:_FRAME_BYTES]:
            written = max(len(raw) - _FRAME_BYTES, 1)
            self._heard_tokens += -(-written // _BYTES_A_TOKEN)


def usage_in_message(body: bytes) -> tuple[bool, Usage | None]:
    """Return whether a body is a message, and its usage; nothing else of it is built.

    The usage is None when it tells none, or is no message's.
    """
    told = _told(body)
    if _small(told.type) != "message":
        return False, None
    return True, usage_of(_small(told.usage))


def cut_off_usage(
    usage: Usage | None, blocks: Iterable[Mapping[str, Any]]
) -> Usage | None:
    """Return the usage of an answer that was left while `blocks` were written.

    As `StreamMeter.usage_so_far`: what was written is estimated.
    """
    if usage is None:
        return None
    written = sum(
        _bytes_of(value)
        for block in blocks
        for name, value in block.items()
        if name in _WRITTEN
    )
    output = max(usage.output_tokens, -(-written // _BYTES_A_TOKEN))
    return dataclasses.replace(usage, output_tokens=output)


def _bytes_of(value: Any) -> int:
    try:
        return len(msgspec.json.encode(value))
    except (ValueError, RecursionError):
        return 0


def _told(data: bytes | msgspec.Raw) -> _Told:
    try:
        return _TOLD.decode(data)
    except (ValueError, RecursionError):
        return _Told()


def _is_object(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b"{"


def _small(raw: msgspec.Raw) -> Any:
    """The value in `raw`; None when it is longer than anything it may be."""
    view = memoryview(raw)
    return json_or_text(bytes(view)) if 0 < len(view) <= MAX_VALUE_BYTES else None
