"""What connections read and when they are reused, seen through the transport."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import threading

import httpx
import pytest

from routing.providers import sockets
from routing.providers.sockets import MAX_INTERIM_ANSWERS
from routing.providers.transport import PooledTransport
from tests.routing.providers.hostile import (
    CHUNKED_HEAD,
    PATIENCE_S,
    Peer,
    answer,
    call,
    chunked,
    dribble,
    echo,
    replies,
    request_to,
)

# What is read


def test_returns_status_headers_and_body_as_they_came(serve, transport):
    server = serve(
        replies(answer(b"{}", "request-id: req_1", "x: a", "x: b", status="418 Tea"))
    )
    response = transport.handle_request(request_to(server))
    with contextlib.closing(response):
        assert response.status_code == 418
        assert response.reason_phrase == "Tea"
        assert response.headers["request-id"] == "req_1"
        assert response.headers.get_list("x") == ["a", "b"]
        assert list(response.stream) == [b"{}"]
    assert server.requests == [b"hello"]


def test_reads_a_chunked_body_that_comes_byte_by_byte(serve, transport):
    events = (b"event: ping\ndata: {}\n\n", "data: \u20ac\n\n".encode())
    server = serve(dribble(CHUNKED_HEAD + chunked(*events) + b"0\r\n\r\n"), echo)
    assert call(transport, server) == b"".join(events)


def test_hands_on_each_event_before_the_next_is_sent(serve, transport):
    seen = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED_HEAD + chunked(b"first"))
        assert seen.wait(PATIENCE_S)
        peer.send(chunked(b"second") + b"0\r\n\r\n")
        peer.wait_for_end()

    response = transport.handle_request(request_to(serve(script)))
    with contextlib.closing(response):
        chunks = iter(response.stream)
        assert next(chunks) == b"first"
        seen.set()
        assert list(chunks) == [b"second"]


def test_does_not_hold_a_large_chunk_until_it_is_complete(serve, transport):
    seen = threading.Event()
    event = os.urandom(1_000_000)

    def script(peer: Peer) -> None:
        peer.read_request()
        whole = chunked(event) + b"0\r\n\r\n"
        peer.send(CHUNKED_HEAD + whole[:100])
        assert seen.wait(PATIENCE_S)
        peer.send(whole[100:])
        peer.wait_for_end()

    response = transport.handle_request(request_to(serve(script)))
    with contextlib.closing(response):
        chunks = iter(response.stream)
        start = next(chunks)
        seen.set()
        assert start + b"".join(chunks) == event
        assert 0 < len(start) < 100


def test_carries_two_megabytes_either_way(serve, transport):
    body = os.urandom(2_000_000)
    server = serve(echo)
    assert call(transport, server, body) == body
    assert call(transport, server) == b"hello"
    assert server.connections == 1


def test_does_not_decode_the_body(serve, transport):
    packed = gzip.compress(b"text " * 100)
    server = serve(replies(answer(packed, "Content-Encoding: gzip")))
    assert call(transport, server) == packed


def test_skips_informational_answers(serve, transport):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    server = serve(replies(b"HTTP/1.1 100 Continue\r\n\r\n" + hints + answer(b"final")))
    assert call(transport, server) == b"final"


def test_expects_no_body_where_http_has_none(serve, transport):
    server = serve(
        replies(
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            answer(b"end"),
        )
    )
    assert call(transport, server) == b""
    assert call(transport, server, method="HEAD") == b""
    assert call(transport, server) == b"end"
    assert server.connections == 1


def test_returns_a_redirect_instead_of_following_it(serve, transport):
    server = serve(replies(answer(b"", "Location: /other", status="302 Found")))
    response = transport.handle_request(request_to(server))
    with contextlib.closing(response):
        assert response.status_code == 302
    assert len(server.requests) == 1


def test_ignores_proxies_of_the_environment(serve, transport, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert call(transport, serve(echo)) == b"hello"


# Reuse


def test_reuses_a_connection_whose_answer_was_read_whole(serve, transport):
    server = serve(echo)
    for body in (b"one", b"two", b"three"):
        assert call(transport, server, body) == body
    assert server.connections == 1


def test_reuses_it_though_the_reader_stops_at_the_last_byte(serve, transport):
    server = serve(echo)
    response = transport.handle_request(request_to(server))
    assert next(iter(response.stream)) == b"hello"
    response.close()
    assert call(transport, server) == b"hello"
    assert server.connections == 1


def test_closing_twice_does_not_touch_the_next_call(serve, transport):
    server = serve(echo)
    first = transport.handle_request(request_to(server))
    assert b"".join(first.stream) == b"hello"
    first.stream.close()
    second = transport.handle_request(request_to(server, b"second"))
    first.stream.close()
    assert b"".join(second.stream) == b"second"
    second.close()
    assert server.connections == 1


def test_keeps_origins_apart(serve, transport):
    acme, globex = serve(replies(answer(b"acme"))), serve(replies(answer(b"globex")))
    assert call(transport, acme) == b"acme"
    assert call(transport, globex) == b"globex"
    assert (acme.connections, globex.connections) == (1, 1)


def test_bytes_after_an_answer_do_not_reach_the_next_call(serve, transport):
    server = serve(replies(answer(b"ok") + answer(b"evil")), replies(answer(b"own")))
    assert call(transport, server) == b"ok"
    assert call(transport, server) == b"own"
    assert server.connections == 2


def test_bytes_sent_to_an_idle_connection_do_not_reach_the_next_call(serve, transport):
    idle, sent = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer(b"ok"))
        assert idle.wait(PATIENCE_S)
        peer.send(answer(b"evil"))
        sent.set()
        peer.wait_for_end()

    server = serve(script, replies(answer(b"own")))
    assert call(transport, server) == b"ok"
    idle.set()
    assert sent.wait(PATIENCE_S)
    assert call(transport, server) == b"own"


def test_replaces_an_idle_connection_the_server_closed(serve, transport):
    def closes_after_one(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer(b"ok"))

    server = serve(closes_after_one)
    assert call(transport, server) == b"ok"
    server.wait_until_ended()
    assert call(transport, server) == b"ok"
    assert server.connections == 2
    assert len(server.requests) == 2


def test_does_not_keep_a_connection_the_server_wants_closed(serve, transport):
    server = serve(replies(answer(b"ok", "Connection: close")))
    assert call(transport, server) == b"ok"
    server.wait_until_ended()
    assert call(transport, server) == b"ok"
    assert server.connections == 2


@pytest.mark.parametrize("chunks_read", [0, 1])
def test_closes_the_connection_when_the_body_is_left_unread(
    serve, transport, chunks_read
):
    def endless(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED_HEAD + chunked(b"first"))
        peer.wait_for_end()

    server = serve(endless, echo)
    response = transport.handle_request(request_to(server))
    chunks = iter(response.stream)
    for _ in range(chunks_read):
        next(chunks)
    response.close()
    server.wait_until_ended()
    with pytest.raises(httpx.StreamClosed):
        next(chunks)
    assert call(transport, server) == b"hello"
    assert server.connections == 2


def test_closes_the_connection_when_the_reader_forgets_the_body(serve, transport):
    server = serve(replies(CHUNKED_HEAD + chunked(b"first")))
    response = transport.handle_request(request_to(server))
    for _ in response.stream:
        break
    server.wait_until_ended()


def test_does_not_use_a_connection_past_the_idle_limit(serve):
    server = serve(echo)
    with PooledTransport(idle_limit_s=0.0) as transport:
        assert call(transport, server) == b"hello"
        assert call(transport, server) == b"hello"
    assert server.connections == 2


def test_keeps_no_more_idle_connections_than_allowed(serve):
    server = serve(echo)
    with PooledTransport(max_idle=1) as transport:
        open_calls = [transport.handle_request(request_to(server)) for _ in range(3)]
        for response in open_calls:
            assert b"".join(response.stream) == b"hello"
        server.wait_until_ended(connections=2)
        assert call(transport, server) == b"hello"
    assert server.connections == 3


def test_a_closed_transport_keeps_no_connection(serve):
    server = serve(echo)
    transport = PooledTransport()
    assert call(transport, server) == b"hello"
    running = transport.handle_request(request_to(server, b"running"))
    transport.close()
    assert b"".join(running.stream) == b"running"
    server.wait_until_ended()


def test_a_forked_child_does_not_share_connections(serve, transport, monkeypatch):
    server = serve(echo)
    assert call(transport, server) == b"hello"
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert call(transport, server) == b"hello"
    assert server.connections == 2


def test_gives_each_of_many_callers_its_own_answer(serve, transport):
    server = serve(echo)
    mixed_up = []

    def ask_often(name: str) -> None:
        for number in range(25):
            body = f"{name} {number}".encode()
            if call(transport, server, body) != body:
                mixed_up.append(body)

    callers = [threading.Thread(target=ask_often, args=(f"c{n}",)) for n in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not mixed_up
    assert len(server.requests) == 200
    assert server.connections <= 8


# Answers that are no answers


def test_a_short_body_is_never_a_clean_end(serve, transport):
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer(b"whole")[:-2])

    response = transport.handle_request(request_to(serve(script)))
    with contextlib.closing(response), pytest.raises(httpx.RemoteProtocolError):
        list(response.stream)


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_a_chunked_body_cut_off_is_never_a_clean_end(serve, transport, cut):
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send((CHUNKED_HEAD + chunked(b"first") + b"0\r\n\r\n")[:-cut])

    server = serve(script, echo)
    response = transport.handle_request(request_to(server))
    with contextlib.closing(response), pytest.raises(httpx.RemoteProtocolError):
        list(response.stream)
    assert call(transport, server) == b"hello"
    assert len(server.requests) == 2


def test_a_reset_in_the_middle_is_a_read_error(serve, transport):
    seen = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED_HEAD + chunked(b"first"))
        assert seen.wait(PATIENCE_S)
        peer.reset()

    response = transport.handle_request(request_to(serve(script)))
    with contextlib.closing(response):
        chunks = iter(response.stream)
        assert next(chunks) == b"first"
        seen.set()
        with pytest.raises(httpx.ReadError):
            next(chunks)


def test_hands_on_what_came_before_a_broken_chunk(serve, transport):
    server = serve(replies(CHUNKED_HEAD + chunked(b"good") + b"not hex\r\n"))
    response = transport.handle_request(request_to(server))
    with contextlib.closing(response):
        chunks = iter(response.stream)
        assert next(chunks) == b"good"
        with pytest.raises(httpx.RemoteProtocolError):
            next(chunks)


def test_a_body_without_a_length_ends_with_the_connection(serve, transport):
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nto the end")

    server = serve(script)
    assert call(transport, server) == b"to the end"
    assert call(transport, server) == b"to the end"
    assert server.connections == 2


@pytest.mark.parametrize(
    "nonsense",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000,
    ],
    ids=["no http", "two lengths", "another protocol", "endless header"],
)
def test_rejects_what_is_not_http(serve, transport, nonsense):
    with pytest.raises(httpx.RemoteProtocolError):
        transport.handle_request(
            request_to(serve(replies(nonsense)), headers={"upgrade": "x"})
        )


def test_relays_a_refusal_that_comes_before_the_body_was_taken(serve, transport):
    def refuses(peer: Peer) -> None:
        peer.sock.recv(100)
        peer.send(answer(b"too large", status="413 Content Too Large"))

    server = serve(refuses)
    response = transport.handle_request(request_to(server, bytes(20_000_000)))
    with contextlib.closing(response):
        assert response.status_code == 413
        assert b"".join(response.stream) == b"too large"
    assert server.connections == 1


# Bodies that are streams


def upload(*pieces, length=None):
    """The headers and the content of a body that comes in pieces."""
    framing = {"transfer-encoding": "chunked"}
    if length is not None:
        framing = {"content-length": str(length)}
    return {"body": iter(pieces), "headers": framing}


def test_sends_a_body_of_known_length_while_it_comes(serve, transport):
    came = threading.Event()

    def script(peer: Peer) -> None:
        while b"first" not in peer.sock.recv(65_536):
            pass
        came.set()
        assert peer.sock.recv(65_536) == b"second"
        peer.send(answer(b"thanks"))
        peer.wait_for_end()

    def pieces():
        yield b"first"
        assert came.wait(PATIENCE_S)
        yield b"second"

    given = upload(length=11) | {"body": pieces()}
    assert call(transport, serve(script), **given) == b"thanks"


def test_sends_a_body_of_unknown_length_in_chunks(serve, transport):
    received = bytearray()

    def script(peer: Peer) -> None:
        while not received.endswith(b"0\r\n\r\n"):
            received.extend(peer.sock.recv(65_536))
        peer.send(answer(b"thanks"))
        peer.wait_for_end()

    server = serve(script)
    assert call(transport, server, **upload(b"one", b"", b"two")) == b"thanks"
    assert received.endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_reuses_a_connection_that_took_a_stream(serve, transport):
    server = serve(echo)
    assert call(transport, server, **upload(b"one", b"two", length=6)) == b"onetwo"
    assert call(transport, server) == b"hello"
    assert server.connections == 1


def test_stops_sending_when_the_answer_comes_early(serve, transport):
    def refuses(peer: Peer) -> None:
        peer.sock.recv(100)
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        peer.send(answer(b"too large", status="413 Content Too Large"))
        peer.wait_for_end()

    def endless():
        while True:
            yield bytes(65_536)

    server = serve(refuses)
    given = upload(length=10**12) | {"body": endless()}
    response = transport.handle_request(request_to(server, **given))
    with contextlib.closing(response):
        assert response.status_code == 413
        assert b"".join(response.stream) == b"too large"
    server.wait_until_ended()


@pytest.mark.parametrize("error", [ValueError("the source broke"), KeyboardInterrupt()])
def test_closes_the_connection_when_the_source_breaks(serve, transport, error):
    def broken():
        yield b"half"
        raise error

    server = serve(Peer.wait_for_end)
    with pytest.raises(type(error)):
        call(transport, server, **upload(length=8) | {"body": broken()})
    server.wait_until_ended()


def test_sends_a_stream_over_tls_whose_server_speaks_first(serve, tls):
    """TLS sends tickets by itself; they are not an answer."""
    server = serve(echo, tls=tls[0])
    with PooledTransport(ssl_context=tls[1]) as transport:
        body = [os.urandom(40_000) for _ in range(20)]
        sent = b"".join(body)
        assert call(transport, server, **upload(*body, length=len(sent))) == sent
        assert call(transport, server) == b"hello"
    assert server.connections == 1


@pytest.mark.parametrize("said", [b"", b"no HTTP\r\n\r\n"])
def test_a_server_that_hangs_up_on_a_stream_is_an_error_of_its_own(
    serve, transport, said
):
    gone = threading.Event()

    def script(peer: Peer) -> None:
        peer.sock.recv(65_536)
        if said:
            peer.send(said)
        peer.sock.shutdown(socket.SHUT_WR)
        gone.set()
        peer.wait_for_end()

    def pieces():
        yield b"half"
        assert gone.wait(PATIENCE_S)
        yield b"half"

    with pytest.raises(httpx.RemoteProtocolError):
        call(transport, serve(script), **upload(length=8) | {"body": pieces()})


# Servers that send too much

INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"


def test_a_few_interim_answers_are_skipped(serve, transport):
    told = INTERIM * MAX_INTERIM_ANSWERS + answer(b"{}")
    server = serve(replies(told, told))
    assert call(transport, server) == b"{}"
    assert call(transport, server) == b"{}", "each call may have as many"


def test_a_server_that_never_comes_to_its_answer_is_given_up(serve, transport):
    server = serve(replies(INTERIM * (MAX_INTERIM_ANSWERS + 1) + answer(b"{}")))
    with pytest.raises(httpx.RemoteProtocolError, match="never comes to its answer"):
        call(transport, server)


def test_such_a_server_is_given_up_while_a_stream_is_sent(serve, transport):
    said = threading.Event()

    def script(peer: Peer) -> None:
        peer.sock.recv(65_536)
        peer.send(INTERIM * (MAX_INTERIM_ANSWERS + 1))
        said.set()
        peer.wait_for_end()

    def pieces():
        yield b"half"
        assert said.wait(PATIENCE_S)
        yield b"half"

    with pytest.raises(httpx.RemoteProtocolError, match="never comes to its answer"):
        call(transport, serve(script), **upload(length=8) | {"body": pieces()})


@pytest.mark.parametrize("framing", ["large", "small"])
def test_a_server_that_never_makes_us_wait_lets_others_have_turns(
    serve, transport, monkeypatch, framing
):
    pauses: list[int] = []
    monkeypatch.setattr(sockets, "TURN_S", 0)
    monkeypatch.setattr(sockets, "give_way", lambda: pauses.append(1))
    body = os.urandom(1_000) * 4
    pieces = [body] * 200 if framing == "large" else [b"a"] * 2_000
    server = serve(replies(CHUNKED_HEAD + chunked(*pieces) + b"0\r\n\r\n"))
    assert call(transport, server) == b"".join(pieces)
    assert len(pauses) >= 4


def test_a_server_we_wait_for_costs_no_pause(serve, transport, monkeypatch):
    pauses: list[int] = []
    monkeypatch.setattr(sockets, "TURN_S", PATIENCE_S)
    monkeypatch.setattr(sockets, "give_way", lambda: pauses.append(1))
    server = serve(replies(answer(b"{}")))
    assert call(transport, server) == b"{}"
    assert pauses == []
