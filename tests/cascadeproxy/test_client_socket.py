"""A slow client gets the time its bytes buy, and no more."""

from __future__ import annotations

import pytest
from gunicorn.http.errors import NoMoreData

from cascadeproxy import client_socket
from cascadeproxy.client_socket import ClientSocket


class SlowSocket:
    """Each call takes `step_s` of its own clock, or the timeout if that is less."""

    def __init__(self, monkeypatch, *, step_s: float, piece: int = 10) -> None:
        self.now, self.step_s, self.piece = 0.0, step_s, piece
        self.timeout: float | None = None
        monkeypatch.setattr(client_socket.time, "monotonic", lambda: self.now)

    def settimeout(self, timeout: float | None) -> None:
        self.timeout = timeout

    def recv(self, size: int) -> bytes:
        self._wait()
        return b"x" * min(size, self.piece)

    def send(self, data: bytes) -> int:
        self._wait()
        return min(len(data), self.piece)

    def fileno(self) -> int:
        return 7

    def _wait(self) -> None:
        if self.timeout is not None and self.step_s > self.timeout:
            self.now += self.timeout
            raise TimeoutError
        self.now += self.step_s


def test_one_byte_now_and_then_is_given_up(monkeypatch):
    slow = SlowSocket(monkeypatch, step_s=1, piece=1)
    client = ClientSocket(slow, grace_s=20)
    with pytest.raises(NoMoreData):
        [client.recv(100) for _ in range(1000)]
    assert 19 < slow.now < 23


def test_the_first_bytes_of_a_request_may_be_long_in_coming(monkeypatch):
    slow = SlowSocket(monkeypatch, step_s=60)
    assert ClientSocket(slow, grace_s=20).recv(100) == b"x" * 10


def test_a_long_upload_over_a_thin_line_goes_on(monkeypatch):
    slow = SlowSocket(monkeypatch, step_s=1, piece=600)
    client = ClientSocket(slow, grace_s=20)
    for _ in range(1000):
        client.recv(65_536)
    assert slow.now == 1000


def test_each_request_begins_anew(monkeypatch):
    slow = SlowSocket(monkeypatch, step_s=8, piece=1)
    client = ClientSocket(slow, grace_s=20)
    for _ in range(5):
        client.begin()
        client.recv(10)
        client.recv(10)


def test_a_client_that_does_not_read_has_hung_up(monkeypatch):
    slow = SlowSocket(monkeypatch, step_s=1, piece=1)
    with pytest.raises(BrokenPipeError):
        ClientSocket(slow, grace_s=20).sendall(b"x" * 10_000)
    assert 19 < slow.now < 23
    assert slow.timeout is None


def test_a_client_that_reads_gets_all(monkeypatch):
    slow = SlowSocket(monkeypatch, step_s=0.001, piece=100)
    client = ClientSocket(slow, grace_s=1)
    client.sendall(b"x" * 100_000)
    assert client.fileno() == 7
