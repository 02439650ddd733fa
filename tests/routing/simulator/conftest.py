"""A running simulator, and small clients that hide nothing of the wire."""

import http.client
import socket
import urllib.parse
from collections.abc import Iterator

import pytest

from routing.simulator import Simulator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def raw_exchange(simulator):
    """Sends bytes on a connection of their own and reads to its end."""

    def exchange(*parts: bytes) -> bytes:
        host = urllib.parse.urlsplit(simulator.url)
        with socket.create_connection((host.hostname, host.port), timeout=5) as sock:
            for part in parts:
                sock.sendall(part)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    return exchange


@pytest.fixture
def connection(simulator) -> Iterator[http.client.HTTPConnection]:
    netloc = urllib.parse.urlsplit(simulator.url).netloc
    opened = http.client.HTTPConnection(netloc, timeout=5)
    yield opened
    opened.close()
