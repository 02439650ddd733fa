"""HTTP as a test wants it: every byte and header of the answer, nothing hidden."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it came. `whole` is False when it broke off before its end."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool = True

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return parsed(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The data of each event of a stream, parsed."""
        lines = self.body.decode().splitlines()
        data = (line.removeprefix("data:") for line in lines if line[:5] == "data:")
        return [parsed(text) for text in data]


def parsed(text: bytes | str) -> Any:
    """Return what JSON says, as a client of any language would read it."""
    return json.loads(text)  # noqa: TID251  not the product's own reader, on purpose


def call(
    base_url: str,
    method: str,
    path: str,
    *,
    body: bytes | Iterable[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return the whole answer; an iterable body is sent chunked."""
    with asking(base_url, method, path, body=body, headers=headers) as response:
        return read(response)


@contextmanager
def asking(
    base_url: str,
    method: str,
    path: str,
    *,
    body: bytes | Iterable[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[http.client.HTTPResponse]:
    """Yield the open answer; leaving closes the connection, read or not."""
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=TIMEOUT_S
    )
    try:
        connection.request(
            method,
            path,
            body=body,
            headers=dict(headers or {}),
            encode_chunked=not isinstance(body, bytes | None),
        )
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def read(response: http.client.HTTPResponse) -> Answer:
    """Return the rest of an open answer."""
    whole = True
    try:
        body = response.read()
    except http.client.IncompleteRead as broken:
        body, whole = broken.partial, False
    except ConnectionError:
        body, whole = b"", False
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(status=response.status, headers=headers, body=body, whole=whole)


def send(
    base_url: str, body: bytes, headers: Mapping[str, str], path: str = "/v1/messages"
) -> socket.socket:
    """Return a connection on which a POST was sent and nothing read; close it."""
    parts = urlsplit(base_url)
    sock = socket.create_connection((parts.hostname, parts.port), TIMEOUT_S)
    lines = [f"POST {path} HTTP/1.1", f"host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if "transfer-encoding" not in headers:
        lines.append(f"content-length: {len(body)}")
    lines += ["", ""]
    sock.sendall("\r\n".join(lines).encode() + body)
    return sock
