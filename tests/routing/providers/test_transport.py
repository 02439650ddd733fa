"""The rules of a call: attempts, limits, tickets, TLS; over real sockets."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from routing.providers.transport import PooledTransport
from tests.routing.providers.hostile import (
    CHUNKED_HEAD,
    PATIENCE_S,
    Peer,
    RecordingTicket,
    answer,
    call,
    chunked,
    echo,
    hangs_up,
    replies,
    request_to,
)
from tests.routing.under_gevent import run_under_gevent

# The second attempt


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_asks_again_when_a_reused_connection_closes_without_a_byte(
    serve, transport, method
):
    server = serve(hangs_up(answer(b"one")), replies(answer(b"", status="404 No")))
    assert call(transport, server, b"first") == b"one"
    response = transport.handle_request(request_to(server, b"second", method=method))
    with contextlib.closing(response):
        assert response.status_code == 404
    assert server.requests == [b"first", b"second", b"second"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_does_not_ask_again_for_what_may_have_been_done(serve, transport, method):
    server = serve(hangs_up(answer(b"one")), echo)
    assert call(transport, server, b"first") == b"one"
    with pytest.raises(httpx.RemoteProtocolError):
        call(transport, server, b"second", method=method)
    assert server.requests == [b"first", b"second"]


def test_asks_again_for_what_was_not_sent_whole(serve):
    """A POST of which the server cannot have all has done nothing."""
    with PooledTransport(connect=BreakingSocket.connect) as transport:
        server = serve(replies(answer(b"one")), echo)
        assert call(transport, server, b"first") == b"one"
        BreakingSocket.opened[-1].broken = True
        assert call(transport, server, b"second") == b"second"
    assert server.requests == [b"first", b"second"]


def test_asks_again_only_once(serve, transport):
    server = serve(hangs_up(answer(b"one")), hangs_up())
    assert call(transport, server, b"first") == b"one"
    with pytest.raises(httpx.RemoteProtocolError):
        call(transport, server, b"second", method="GET")
    assert server.requests == [b"first", b"second", b"second"]


def test_a_body_that_is_a_stream_is_never_sent_again(serve, transport):
    server = serve(hangs_up(answer(b"one")), echo)
    assert call(transport, server, b"first") == b"one"
    with pytest.raises(httpx.RemoteProtocolError):
        call(transport, server, iter([b"se", b"cond"]), headers={"content-length": "6"})
    assert server.requests == [b"first", b"second"]


def test_an_idle_connection_the_server_closed_harms_no_request(serve, transport):
    """It is noticed before the request goes out, so that a POST is safe too."""
    server = serve(lambda peer: echo_once(peer), echo)
    assert call(transport, server, b"first") == b"first"
    server.wait_until_ended()
    assert call(transport, server, b"second") == b"second"
    assert server.requests == [b"first", b"second"]


def echo_once(peer: Peer) -> None:
    peer.send(answer(peer.read_request()))


def test_does_not_ask_again_on_a_fresh_connection(serve, transport):
    server = serve(hangs_up())
    with pytest.raises(httpx.RemoteProtocolError):
        call(transport, server)
    assert server.requests == [b"hello"]


def test_does_not_ask_again_once_a_byte_came(serve, transport):
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer(b"one"))
        peer.read_request()
        peer.send(b"H")

    server = serve(script, echo)
    assert call(transport, server) == b"one"
    with pytest.raises(httpx.RemoteProtocolError):
        call(transport, server)
    assert server.connections == 1


def test_does_not_ask_again_after_a_timeout(serve, transport):
    server = serve(replies(answer(b"one"), b""), echo)
    assert call(transport, server) == b"one"
    with pytest.raises(httpx.ReadTimeout):
        call(transport, server, timeout={"read": 0.02})
    assert server.connections == 1


def test_does_not_ask_again_for_a_client_that_left(serve, transport):
    ticket = RecordingTicket()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer(b"one"))
        peer.read_request()
        ticket.gone = True

    server = serve(script, echo)
    assert call(transport, server) == b"one"
    with pytest.raises(httpx.TransportError):
        call(transport, server, ticket=ticket)
    assert server.connections == 1


class BreakingSocket(socket.socket):
    """A socket whose peer is found gone while a request is being sent."""

    broken = False
    opened: ClassVar = []

    @classmethod
    def connect(cls, host, port, timeout_s):
        plain = socket.create_connection((host, port), timeout_s)
        cls.opened.append(cls(fileno=plain.detach()))
        return cls.opened[-1]

    def send(self, data, flags=0):
        if self.broken:
            self.shutdown(socket.SHUT_RDWR)
            raise BrokenPipeError
        return super().send(data, flags)


# Limits


def test_times_out_before_the_first_byte(serve, transport):
    server = serve(replies(b""))
    with pytest.raises(httpx.ReadTimeout):
        call(transport, server, timeout={"read": 0.02})
    server.wait_until_ended()


def test_times_out_between_two_chunks(serve, transport):
    server = serve(replies(CHUNKED_HEAD + chunked(b"first")))
    response = transport.handle_request(request_to(server, timeout={"read": 0.1}))
    chunks = iter(response.stream)
    assert next(chunks) == b"first"
    with pytest.raises(httpx.ReadTimeout):
        next(chunks)
    server.wait_until_ended()


def test_the_whole_call_is_bounded_though_bytes_keep_coming(serve, transport):
    finished = threading.Event()

    def drips(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED_HEAD)
        with contextlib.suppress(ConnectionError):
            while not finished.wait(0.005):
                peer.send(chunked(b"drip"))

    response = transport.handle_request(
        request_to(serve(drips), timeout={"total": 0.2})
    )
    with contextlib.closing(response), pytest.raises(httpx.ReadTimeout):
        list(response.stream)
    finished.set()


def test_times_out_when_the_server_does_not_take_the_body(serve, transport):
    finished = threading.Event()

    def does_not_read(peer: Peer) -> None:
        assert finished.wait(PATIENCE_S)

    with pytest.raises(httpx.WriteTimeout):
        call(
            transport,
            serve(does_not_read),
            bytes(20_000_000),
            timeout={"write": 0.05},
        )
    finished.set()


def test_a_deadline_that_has_passed_opens_no_connection(serve, transport):
    server = serve(echo)
    with pytest.raises(httpx.ConnectTimeout):
        call(transport, server, timeout={"total": 0.0})
    assert server.connections == 0


def test_a_slow_connection_is_a_connect_timeout():
    given = []

    def connect(host, port, timeout_s):
        given.append((host, port, timeout_s))
        raise TimeoutError

    with (
        PooledTransport(connect=connect) as transport,
        pytest.raises(httpx.ConnectTimeout),
    ):
        call(transport, "http://acme.test/", timeout={"connect": 2.5})
    assert given == [("acme.test", 80, 2.5)]


def test_a_refused_connection_is_a_connect_error(transport):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(httpx.ConnectError):
        call(transport, f"http://127.0.0.1:{port}/")


def test_the_connect_hook_can_refuse_an_address():
    def connect(host, port, timeout_s):
        raise PermissionError(f"{host} is not allowed")

    with (
        PooledTransport(connect=connect) as transport,
        pytest.raises(httpx.ConnectError, match="is not allowed"),
    ):
        call(transport, "https://globex.test/")


def test_sends_no_header_that_would_smuggle_another(serve, transport):
    server = serve(echo)
    with pytest.raises(httpx.LocalProtocolError):
        call(transport, server, headers={"x": "a\r\nevil: b"})
    assert server.connections == 0


def test_sends_no_more_than_the_length_it_announced(serve, transport):
    server = serve(replies())
    with pytest.raises(httpx.LocalProtocolError):
        call(transport, server, b"hello", headers={"content-length": "4"})
    assert server.requests == []


def test_speaks_only_http(transport):
    with pytest.raises(httpx.UnsupportedProtocol):
        call(transport, "ftp://acme.test/")


# The client's ticket
def test_binds_the_ticket_while_the_call_runs_and_not_longer(serve, transport):
    ticket = RecordingTicket()
    response = transport.handle_request(request_to(serve(echo), ticket=ticket))
    assert ticket.bound is not None
    assert b"".join(response.stream) == b"hello"
    assert ticket.bound is None
    assert ticket.bindings == 1


def test_opens_no_connection_for_a_client_that_left(serve, transport):
    server, ticket = serve(echo), RecordingTicket()
    ticket.gone = True
    with pytest.raises(httpx.ReadError):
        call(transport, server, ticket=ticket)
    assert server.connections == 0


def test_a_body_that_ends_because_the_client_left_is_no_clean_end(serve, transport):
    ticket = RecordingTicket()
    server = serve(replies(b"HTTP/1.1 200 OK\r\n\r\nto the end"))
    response = transport.handle_request(request_to(server, ticket=ticket))
    chunks = iter(response.stream)
    assert next(chunks) == b"to the end"
    ticket.gone = True
    ticket.bound.shutdown(socket.SHUT_RDWR)
    with pytest.raises(httpx.ReadError):
        next(chunks)


class FailingSocket(socket.socket):
    """A socket that fails as sockets rarely do."""

    def send(self, data, flags=0):  # noqa: ARG002  the signature of a socket
        raise OSError("no buffer space")


def test_a_socket_that_cannot_send_is_a_write_error(serve):
    def connect(host, port, timeout_s):
        plain = socket.create_connection((host, port), timeout_s)
        return FailingSocket(fileno=plain.detach())

    server = serve(replies())
    with PooledTransport(connect=connect) as transport, pytest.raises(httpx.WriteError):
        call(transport, server)
    server.wait_until_ended()


class InterruptedSocket(socket.socket):
    """A socket whose reader is killed while it waits."""

    def recv(self, size, flags=0):  # noqa: ARG002  the signature of a socket
        raise KeyboardInterrupt


def test_closes_the_socket_when_the_caller_is_killed(serve):
    opened = []

    def connect(host, port, timeout_s):
        plain = socket.create_connection((host, port), timeout_s)
        opened.append(InterruptedSocket(fileno=plain.detach()))
        return opened[0]

    server = serve(replies())
    with (
        PooledTransport(connect=connect) as transport,
        pytest.raises(KeyboardInterrupt),
    ):
        call(transport, server)
    assert opened[0].fileno() == -1


# TLS
def test_speaks_tls_and_reuses_the_connection(serve, tls):
    server_context, client_context = tls
    server = serve(echo, tls=server_context)
    body = os.urandom(500_000)
    with PooledTransport(ssl_context=client_context) as transport:
        assert call(transport, server, body) == body
        assert call(transport, server) == b"hello"
    assert server.connections == 1


def test_does_not_trust_an_unknown_certificate(serve, tls, transport):
    server = serve(echo, tls=tls[0])
    with pytest.raises(httpx.ConnectError):
        call(transport, server)
    server.wait_until_ended()


def test_does_not_take_a_certificate_for_another_name(serve, tls):
    server = serve(echo, tls=tls[0])
    with (
        PooledTransport(ssl_context=tls[1]) as transport,
        pytest.raises(httpx.ConnectError),
    ):
        call(transport, server.url.replace("127.0.0.1", "localhost"))


def test_an_end_without_the_goodbye_of_tls_is_no_clean_end(serve, tls):
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nto the end")

    server = serve(script, tls=tls[0])
    with (
        PooledTransport(ssl_context=tls[1]) as transport,
        pytest.raises(httpx.ReadError),
    ):
        call(transport, server)


# The other kind of worker


def test_sockets_and_transport_behave_the_same_under_gevent():
    here = Path(__file__)
    run_under_gevent(
        here, here.with_name("test_sockets.py"), here.with_name("test_dialing.py")
    )
