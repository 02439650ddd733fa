"""A client that sends the bytes it is given and shows those that come back."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.fidelity.recording_upstream import PATIENCE_S, Pairs

# Longer than the upstream waits for us, or a stall would look like a broken answer.
TIMEOUT_S = 2 * PATIENCE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What goes out: `headers` in this order, names as spelled, some maybe twice."""

    method: str
    target: str
    headers: Pairs
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back. `whole` is False when the body broke off before its end."""

    status: int
    headers: Pairs
    body: bytes
    whole: bool

    def header(self, name: str) -> str | None:
        """The values of a header joined, None when it did not come."""
        values = [value for known, value in self.headers if known == name]
        return ", ".join(values) if values else None


def ask(
    base_url: str,
    asked: Asked,
    *,
    pauses: Iterable[int] = (),
    on_pause: Callable[[], None] = lambda: None,
) -> Answered:
    """Return the answer; `on_pause` is called each time `pauses` bytes were read.

    `pauses` are byte counts from the start of the body. Raises TimeoutError when the
    bytes up to one of them do not come.
    """
    parts = urlsplit(base_url)
    address = (parts.hostname or "", parts.port or 80)
    with closing(socket.create_connection(address, TIMEOUT_S)) as sock:
        sock.sendall(_head_of(asked, parts.netloc) + (asked.body or b""))
        response = http.client.HTTPResponse(sock, method=asked.method)
        with closing(response):
            response.begin()
            body, whole = _read(response, pauses, on_pause)
            headers = response.getheaders()
    return Answered(
        status=response.status,
        headers=tuple((name.lower(), value) for name, value in headers),
        body=body,
        whole=whole,
    )


def _head_of(asked: Asked, host: str) -> bytes:
    lines = [f"{asked.method} {asked.target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in asked.headers]
    if asked.body is not None:
        lines.append(f"Content-Length: {len(asked.body)}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")


def _read(
    response: http.client.HTTPResponse,
    pauses: Iterable[int],
    on_pause: Callable[[], None],
) -> tuple[bytes, bool]:
    body = b""
    try:
        for position in pauses:
            body += response.read(position - len(body))
            on_pause()
        return body + response.read(), True
    except http.client.IncompleteRead as broken:
        return body + broken.partial, False
    except ConnectionError:
        return body, False
