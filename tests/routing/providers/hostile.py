"""A server that does what its scripts say, however wrong, over real sockets."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable

import httpx

from routing.watch import WatchTicket

PATIENCE_S = 10.0
LIMITS = {"connect": PATIENCE_S, "read": PATIENCE_S, "write": PATIENCE_S}


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, requests: list[bytes]) -> None:
        self.sock = sock
        self.requests = requests

    def read_request(self) -> bytes:
        """Return the body of the next request, and note it; b"" when there is none."""
        data = b""
        while b"\r\n\r\n" not in data:
            received = self.sock.recv(65_536)
            if not received:
                return b""
            data += received
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        whole = bytearray(body)
        while length and len(whole) < int(length[1]):
            received = self.sock.recv(1_000_000)
            assert received, "the client hung up in the middle of its body"
            whole += received
        self.requests.append(bytes(whole))
        return self.requests[-1]

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait_for_end(self) -> None:
        """Return when the client has closed its end; fails when it does not."""
        self.sock.settimeout(PATIENCE_S)
        with contextlib.suppress(ConnectionError):
            while self.sock.recv(65_536):
                pass

    def reset(self) -> None:
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.sock.close()


Script = Callable[[Peer], None]


class Server:
    """Plays one script per connection, in order; the last one serves all others."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.ended = threading.Semaphore(0)
        self._scripts = scripts
        self._tls = tls
        self._players: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/v1/messages"
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            player = threading.Thread(target=self._play, args=(script, sock))
            player.start()
            self._players.append(player)

    def _play(self, script: Script, sock: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self.ended.release)
            stack.enter_context(sock)
            if self._tls:
                try:
                    sock = self._tls.wrap_socket(sock, server_side=True)
                except (OSError, ssl.SSLError):
                    return
                stack.enter_context(sock)
            script(Peer(sock, self.requests))

    def wait_until_ended(self, connections: int = 1) -> None:
        """Return when that many connections were closed on the server's side."""
        for _ in range(connections):
            assert self.ended.acquire(timeout=PATIENCE_S)

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(PATIENCE_S)
        for player in self._players:
            player.join(PATIENCE_S)
            assert not player.is_alive()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


CHUNKED_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def replies(*answers: bytes) -> Script:
    """Answer one request after the other, then wait for the client to close."""

    def script(peer: Peer) -> None:
        for reply in answers:
            if not peer.read_request():
                return
            peer.send(reply)
        peer.wait_for_end()

    return script


def hangs_up(*answers: bytes) -> Script:
    """Answer these, then take one more request and close without a byte."""

    def script(peer: Peer) -> None:
        for reply in answers:
            peer.read_request()
            peer.send(reply)
        peer.read_request()

    return script


def echo(peer: Peer) -> None:
    while body := peer.read_request():
        peer.send(answer(body))


def dribble(data: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.read_request()
        for index in range(len(data)):
            peer.send(data[index : index + 1])
        peer.wait_for_end()

    return script


def request_to(server: Server | str, body: bytes = b"hello", **options):
    url = server if isinstance(server, str) else server.url
    extensions = {"timeout": LIMITS | options.pop("timeout", {})}
    if "ticket" in options:
        extensions["ticket"] = options.pop("ticket")
    return httpx.Request(
        options.pop("method", "POST"),
        url,
        content=body,
        extensions=extensions,
        **options,
    )


def call(transport, server, body: bytes = b"hello", **options) -> bytes:
    """Return the body of the answer, read to its end."""
    response = transport.handle_request(request_to(server, body, **options))
    with contextlib.closing(response):
        return b"".join(response.stream)


class RecordingTicket(WatchTicket):
    """Notes which socket it was bound to."""

    def __init__(self) -> None:
        self.gone = False
        self.bound = None
        self.bindings = 0

    def bind(self, sock) -> None:
        self.bound = sock
        self.bindings += 1

    def unbind(self, sock) -> None:
        if self.bound is sock:
            self.bound = None


class ProxyServer(threading.Thread):
    """Answers one CONNECT with `answer` and keeps what it was asked."""

    def __init__(self, listener: socket.socket, answer: bytes) -> None:
        super().__init__(daemon=True)
        self.listener, self.answer, self.asked = listener, answer, b""

    def run(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            while not self.asked.endswith(b"\r\n\r\n"):
                self.asked += connection.recv(1)
            connection.sendall(self.answer)


def nobody(host: str) -> bool:
    """Allows no host on a private network."""
    return False
