"""Server-sent events: bytes <-> events. Knows nothing of what the events mean.

Source: WHATWG HTML standard, section 9.2, "Server-sent events".
"""

from __future__ import annotations

import re

from routing.native import Headers

EVENT_STREAM = "text/event-stream"
# A line end followed by an empty line. A lone CR that ends the input may be half of a
# CRLF, so the blank line it would make waits for the byte that follows.
_EVENT_END = re.compile(rb"\n\n|\r\r|\n\r(?:\n|(?=[^\n]))")
# The same where no CR is near: nearly every stream, and several times as fast.
_EVENT_END_LF = re.compile(rb"\n\n")
_LONGEST_END = 3
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Pretty-printed megabytes have fewer; each line is an object while an event is read.
MAX_LINES = 100_000


def is_event_stream(headers: Headers) -> bool:
    """Return whether a body with these headers is a stream of events."""
    return is_of_kind(headers, EVENT_STREAM)


def is_of_kind(headers: Headers, kind: str) -> bool:
    """Return whether a body with these headers is declared to be of `kind`."""
    declared = (value.lower() for name, value in headers if name == "content-type")
    return any(value.startswith(kind) for value in declared)


class EventSplitter:
    """Cuts a byte stream, fed in any pieces, into complete events.

    The events and `rest` joined are the input, byte for byte, and how the input was cut
    makes no difference. One pass whatever the size of an event; nothing limits the
    memory a never-ending event takes.
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the events `chunk` completes, each with its terminating blank line."""
        pending = self._pending
        resume = max(0, len(pending) - _LONGEST_END + 1)
        pending += chunk
        pattern = _EVENT_END_LF if pending.find(b"\r", resume) < 0 else _EVENT_END
        events, start = [], 0
        for end in pattern.finditer(pending, resume):
            events.append(bytes(pending[start : end.end()]))
            start = end.end()
        if start:
            del pending[:start]
        return events

    @property
    def rest(self) -> bytes:
        """The bytes of an event that is not complete yet."""
        return bytes(self._pending)

    @property
    def rest_bytes(self) -> int:
        """The length of `rest`, which it does not copy."""
        return len(self._pending)


def is_readable(raw: bytes) -> bool:
    """Return whether an event has no more lines than are read.

    One that has more reads as an event without a name and without data.
    """
    if len(raw) <= MAX_LINES:
        return True
    return raw.count(b"\n") + raw.count(b"\r") <= MAX_LINES


def event_name(raw: bytes) -> str:
    """Return the name of an event, "" when it has none."""
    return b"".join(_values(raw, b"event")[-1:]).decode("utf-8", "replace")


def event_data(raw: bytes) -> bytes:
    """Return the data lines of an event joined by LF; empty when it has none."""
    return b"\n".join(_values(raw, b"data"))


def encode_event(name: str, data: bytes) -> bytes:
    """Return an event; without an `event:` line when `name` is empty.

    Line ends within `data` come back from `event_data` as LF.
    """
    lines = [f"event: {name}".encode()] if name else []
    lines += [b"data: " + line for line in _LINE_END.split(data)]
    return b"\n".join(lines) + b"\n\n"


def blank_but_data(raw: bytes) -> bytes:
    """Return `raw` with all but the data written over by spaces, same length.

    What is found at a position of the result stands at that position of `raw`.
    """
    return b"".join(
        b" " * 5 + line[5:] if line.startswith(b"data:") else b" " * len(line)
        for line in raw.splitlines(keepends=True)
    )


def _values(raw: bytes, field: bytes) -> list[bytes]:
    values: list[bytes] = []
    if not is_readable(raw):
        return values
    for line in raw.removeprefix(_BYTE_ORDER_MARK).splitlines():
        if line.startswith(field):
            name, _, value = line.partition(b":")
            if name == field:
                values.append(value.removeprefix(b" "))
    return values
