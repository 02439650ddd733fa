"""The bare floor: a WSGI function that forwards over a raw socket, and nothing else.

No authentication, no routing, no record, no error handling: what any proxy in this
language and server pays at least. Whole answers only.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


class Floor:
    """A WSGI application that sends each request on to `upstream`, host and port."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._idle: list[socket.socket] = []

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> list[bytes]:
        """Answer with what the upstream answers."""
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        sock = self._idle.pop() if self._idle else self._connect()
        head = (
            f"POST {environ['PATH_INFO']} HTTP/1.1\r\nhost: upstream\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        sock.sendall(head.encode() + body)
        answer = _read(sock)
        self._idle.append(sock)
        start_response(
            "200 OK",
            [
                ("content-type", "application/json"),
                ("content-length", str(len(answer))),
            ],
        )
        return [answer]

    def _connect(self) -> socket.socket:
        # Not create_connection(): gevent would look up even an address, in a thread.
        sock = socket.socket()
        sock.connect(self._upstream)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock


def _read(sock: socket.socket) -> bytes:
    received = b""
    while _HEAD_END not in received:
        received += _receive(sock)
    head, _, body = received.partition(_HEAD_END)
    length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _receive(sock)
    return body


def _receive(sock: socket.socket) -> bytes:
    data = sock.recv(65_536)
    if not data:
        raise ConnectionError("the upstream hung up")
    return data


def application(port: str) -> Floor:
    """Return the floor before the upstream on a loopback `port`, for gunicorn."""
    return Floor(("127.0.0.1", int(port)))
