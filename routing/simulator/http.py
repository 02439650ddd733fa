"""HTTP/1.1 as bytes: requests out of what arrived, frames for what is sent.

Strict where leniency is dangerous (two lengths, folded headers), and without input or
output of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from routing.simulator.values import Headers, Reply, Request

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024
RESET_PAUSE_S = 0.02


class BadRequest(Exception):
    """What arrived is not HTTP we take; the connection cannot go on."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """A request's head; `length` is None when the body comes in chunks."""

    method: str
    target: str
    headers: Headers
    length: int | None
    keep_alive: bool
    expects_continue: bool


class RequestParser:
    """Requests of one connection, in order, from bytes cut anywhere."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._body = bytearray()
        self._head: _Head | None = None
        self._continue_due = False

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrived."""
        self._buffer += data

    def next_request(self) -> Request | None:
        """Return the next whole request, None while it is incomplete.

        Raises:
            BadRequest: the bytes are not HTTP we take.
        """
        if self._head is None:
            self._head = self._take_head()
            self._continue_due = bool(self._head and self._head.expects_continue)
        if self._head is None or not self._take_body(self._head):
            return None
        return self._finish(self._head)

    def take_continue(self) -> bool:
        """Return whether "100 Continue" is due; true once for a request."""
        due, self._continue_due = self._continue_due, False
        return due

    def _finish(self, head: _Head) -> Request:
        body, self._body, self._head = bytes(self._body), bytearray(), None
        self._continue_due = False
        path, _, query = head.target.partition("?")
        return Request(
            method=head.method,
            path=path,
            query=query,
            headers=head.headers,
            body=body,
            keep_alive=head.keep_alive,
        )

    def _take_head(self) -> _Head | None:
        # Empty lines before a request line are allowed. Source: RFC 9112, 2.2.
        while self._buffer[:2] == b"\r\n":
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n")
        if end > MAX_HEAD_BYTES or (end < 0 and len(self._buffer) > MAX_HEAD_BYTES):
            raise BadRequest(431, "the request's head is too large")
        if end < 0:
            return None
        text = self._buffer[:end].decode("latin-1")
        del self._buffer[: end + 4]
        return _parse_head(text)

    def _take_body(self, head: _Head) -> bool:
        if head.length is None:
            return self._take_chunks()
        missing = head.length - len(self._body)
        self._body += self._buffer[:missing]
        del self._buffer[:missing]
        return len(self._body) == head.length

    def _take_chunks(self) -> bool:
        while (line_end := self._buffer.find(b"\r\n")) >= 0:
            size = _chunk_size(bytes(self._buffer[:line_end]))
            if size == 0:
                return self._take_trailers(line_end)
            data_end = line_end + 2 + size
            if len(self._body) + size > MAX_BODY_BYTES:
                raise BadRequest(413, "the request's body is too large")
            if len(self._buffer) < data_end + 2:
                return False
            if self._buffer[data_end : data_end + 2] != b"\r\n":
                raise BadRequest(400, "a chunk does not end where it says")
            self._body += self._buffer[line_end + 2 : data_end]
            del self._buffer[: data_end + 2]
        return False

    def _take_trailers(self, line_end: int) -> bool:
        # Without trailers the blank line follows the last chunk's own line at once.
        end = self._buffer.find(b"\r\n\r\n", line_end)
        if end < 0:
            return False
        del self._buffer[: end + 4]
        return True


def frames(
    reply: Reply, *, keep_alive: bool, head_only: bool
) -> list[tuple[float, bytes]]:
    """Return `reply` as bytes on the wire, each with the seconds to wait before it.

    Neither a "cut" nor a "reset" ending has the framing's end.
    """
    out = [(reply.head_delay_s, _head_bytes(reply, keep_alive=keep_alive))]
    if head_only:
        return out
    framed = _frame if reply.chunked else bytes
    out += [(chunk.delay_s, framed(chunk.data)) for chunk in reply.chunks]
    if reply.chunked and reply.ending == "end":
        out.append((0.0, b"0\r\n\r\n"))
    if reply.ending == "reset":
        # A reset overtakes bytes still on their way: let the peer read them first.
        out.append((RESET_PAUSE_S, b""))
    return out


def _frame(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _head_bytes(reply: Reply, *, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.chunked:
        lines.append("transfer-encoding: chunked")
    else:
        length = reply.declared_length
        length = len(reply.body) if length is None else length
        lines.append(f"content-length: {length}")
    lines.append(f"connection: {'keep-alive' if keep_alive else 'close'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Overloaded" if status == 529 else "Unknown"


def _parse_head(text: str) -> _Head:
    first, *lines = text.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.0", "HTTP/1.1"):
        raise BadRequest(400, "the request line is not HTTP/1.1")
    headers = tuple(_parse_header(line) for line in lines)
    lowered = [(name.lower(), value) for name, value in headers]
    connection = ",".join(v.lower() for n, v in lowered if n == "connection")
    expect = [v.lower() for n, v in lowered if n == "expect"]
    return _Head(
        method=parts[0],
        target=parts[1],
        headers=headers,
        length=_body_length(lowered),
        keep_alive=parts[2] == "HTTP/1.1" and "close" not in connection,
        expects_continue="100-continue" in expect,
    )


def _parse_header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise BadRequest(400, "a header is malformed")
    return name, value.strip(" \t")


def _body_length(lowered: list[tuple[str, str]]) -> int | None:
    encodings = [
        value.lower() for name, value in lowered if name == "transfer-encoding"
    ]
    lengths = {value for name, value in lowered if name == "content-length"}
    if encodings and lengths:
        raise BadRequest(400, "both a content-length and a transfer-encoding")
    if encodings:
        if encodings != ["chunked"]:
            raise BadRequest(501, "the only transfer-encoding here is chunked")
        return None
    return _declared_length(lengths)


def _declared_length(lengths: set[str]) -> int:
    if not lengths:
        return 0
    text = lengths.pop()
    if lengths or not (text.isascii() and text.isdigit()):
        raise BadRequest(400, "the content-length is malformed")
    if int(text) > MAX_BODY_BYTES:
        raise BadRequest(413, "the request's body is too large")
    return int(text)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    try:
        size = int(digits, 16)
    except ValueError:
        raise BadRequest(400, "a chunk's size is malformed") from None
    if size < 0 or not digits.isalnum():
        raise BadRequest(400, "a chunk's size is malformed")
    return size
