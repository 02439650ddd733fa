"""A scripted HTTP/1.1 server on loopback that keeps every byte it was asked.

Written on bare sockets and apart from the product's simulator, so that a mistake in one
cannot hide in the other. Requests carry a mark; what is answered to a mark is expected
beforehand, by the name of the model asked for.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tests.wire import parsed

MARK = "x-claude-code-session-id"
PATIENCE_S = 5.0
_READ_BYTES = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One answer: exactly these bytes, a `send` for each piece.

    `gates` are the places after which the next piece waits until the client has read
    all before it. `ending`: "clean" as the framing says, "eof" an orderly end of the
    connection too early, "reset" a broken one.
    """

    status: int = 200
    headers: Pairs = ()
    pieces: tuple[bytes, ...] = ()
    framing: Literal["length", "chunked", "until_close"] = "length"
    ending: Literal["clean", "eof", "reset"] = "clean"
    gates: frozenset[int] = frozenset()

    @property
    def body(self) -> bytes:
        """All pieces joined."""
        return b"".join(self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A request as it came. `head` holds the request line and headers, raw."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        """The request line."""
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def headers(self) -> Pairs:
        """Names in lower case with their values, in the order of the wire."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        split = (line.partition(":") for line in lines if line)
        return tuple((name.lower(), value.strip()) for name, _, value in split)

    def header(self, name: str) -> str:
        """The value of a header, "" when it was not sent."""
        return dict(self.headers).get(name, "")

    @property
    def model(self) -> str:
        """The model of a JSON body, "" for any other body."""
        try:
            body = parsed(self.body)
        except ValueError:
            return ""
        return str(body.get("model", "")) if isinstance(body, dict) else ""


class Exchange:
    """What one mark is answered, and what came for it.

    `scripts` are by model; "" answers requests that name none. `stalled`: the client
    did not get to see what was sent while more was to come.
    """

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        self.requests: list[Recorded] = []
        self._scripts = scripts
        self.stalled = False
        self._gate = threading.Semaphore(0)

    def answer_to(self, request: Recorded) -> Script:
        """Record `request` and return what it is answered."""
        self.requests.append(request)
        return self._scripts.get(request.model, _UNEXPECTED)

    def go_on(self) -> None:
        """Tell the upstream that the client has read all it sent."""
        self._gate.release()

    def wait_for_client(self) -> None:
        """Wait until the client has read all that was sent; once in vain is enough."""
        if not self.stalled:
            self.stalled = not self._gate.acquire(timeout=PATIENCE_S)


_UNEXPECTED = Script(status=418, pieces=(b"no row expects this request",))


class RecordingUpstream:
    """The server; a context manager. A thread for each connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._exchanges: dict[str, Exchange] = {}
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> RecordingUpstream:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(PATIENCE_S)
        self._listener.close()
        for sock, thread in list(self._connections.items()):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    def expect(self, mark: str, scripts: Mapping[str, Script]) -> Exchange:
        """Return the exchange that requests with `mark` will belong to."""
        self._exchanges[mark] = exchange = Exchange(scripts)
        return exchange

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # raised when the listener is shut down
            while True:
                sock, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._connections[sock] = thread
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with sock, contextlib.suppress(OSError):
            reader = _RequestReader(sock)
            while (request := reader.next()) is not None:
                exchange = self._exchanges.get(request.header(MARK), Exchange({}))
                if not _answer(sock, exchange.answer_to(request), exchange):
                    break
        del self._connections[sock]


class _RequestReader:
    """Cuts what a connection brings into requests."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._pending = b""

    def next(self) -> Recorded | None:
        """Return the next request, None when the connection has ended."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        declared = Recorded(head=head, body=b"")
        if "chunked" in declared.header("transfer-encoding"):
            return Recorded(head=head, body=self._chunks())
        body = self._exactly(int(declared.header("content-length") or "0"))
        return Recorded(head=head, body=body)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n") or b"0", 16):
            body += self._exactly(size + 2)[:-2]
        self._until(b"\r\n")
        return body

    def _until(self, end: bytes) -> bytes | None:
        while end not in self._pending:
            if not self._more():
                return None
        found, _, self._pending = self._pending.partition(end)
        return found

    def _exactly(self, size: int) -> bytes:
        parts, missing = [self._pending[:size]], size - len(self._pending)
        self._pending = self._pending[size:]
        while missing > 0 and (read := self._sock.recv(min(missing, _READ_BYTES))):
            parts.append(read)
            missing -= len(read)
        return b"".join(parts)

    def _more(self) -> bool:
        read = self._sock.recv(_READ_BYTES)
        self._pending += read
        return bool(read)


def _answer(sock: socket.socket, script: Script, exchange: Exchange) -> bool:
    """Send the answer; whether the connection may serve another request."""
    sock.sendall(_head_of(script))
    chunked = script.framing == "chunked"
    for number, piece in enumerate(script.pieces):
        sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if number in script.gates:
            exchange.wait_for_client()
    if script.ending == "reset":
        # A reset may overtake what was sent; a gate before it prevents that.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    if script.ending != "clean" or script.framing == "until_close":
        return False
    if chunked:
        sock.sendall(b"0\r\n\r\n")
    return True


def _head_of(script: Script) -> bytes:
    lines = [f"HTTP/1.1 {script.status} As-Scripted"]
    lines += [f"{name}: {value}" for name, value in script.headers]
    if script.framing == "chunked":
        lines.append("transfer-encoding: chunked")
    elif script.framing == "length":
        # An answer that is to break off promises more than it sends.
        missing = 0 if script.ending == "clean" else 1000
        lines.append(f"content-length: {len(script.body) + missing}")
    else:
        lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
