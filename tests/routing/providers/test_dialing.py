"""A connection that cannot be opened is tried once more, where that may help."""

from __future__ import annotations

import socket

import httpx
import pytest

from routing.providers.transport import PooledTransport
from tests.routing.providers.hostile import RecordingTicket, call, echo


class Unsteady:
    """Opens connections, after failing as told."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.tries = 0

    def __call__(self, host, port, timeout_s):
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        return socket.create_connection((host, port), timeout_s)


@pytest.mark.parametrize(
    "failure",
    [ConnectionRefusedError(), ConnectionResetError(), socket.gaierror("no such host")],
)
def test_tries_once_more_to_connect(serve, failure):
    server, connect = serve(echo), Unsteady(failure)
    with PooledTransport(connect=connect, pause_s=0) as transport:
        assert call(transport, server) == b"hello"
    assert connect.tries == 2


def test_does_not_try_a_third_time_to_connect(serve):
    connect = Unsteady(ConnectionRefusedError(), ConnectionRefusedError())
    with (
        PooledTransport(connect=connect, pause_s=0) as transport,
        pytest.raises(httpx.ConnectError),
    ):
        call(transport, serve(echo))
    assert connect.tries == 2


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (PermissionError("not allowed"), httpx.ConnectError),
        (TimeoutError(), httpx.ConnectTimeout),
    ],
)
def test_does_not_try_again_what_will_not_pass(serve, failure, error):
    connect = Unsteady(failure)
    with PooledTransport(connect=connect) as transport, pytest.raises(error):
        call(transport, serve(echo))
    assert connect.tries == 1


def test_does_not_connect_again_for_a_client_that_left(serve):
    ticket = RecordingTicket()

    def connect(host, port, timeout_s):
        assert not ticket.gone
        ticket.gone = True
        raise ConnectionRefusedError

    with (
        PooledTransport(connect=connect, pause_s=0) as transport,
        pytest.raises(httpx.ConnectError),
    ):
        call(transport, serve(echo), ticket=ticket)


def test_a_second_try_stays_within_the_deadline(serve):
    connect = Unsteady(ConnectionRefusedError())
    with (
        PooledTransport(connect=connect, pause_s=0.05) as transport,
        pytest.raises(httpx.ConnectTimeout),
    ):
        call(transport, serve(echo), timeout={"total": 0.04})
    assert connect.tries == 1
