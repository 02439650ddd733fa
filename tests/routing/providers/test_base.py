"""An open HTTP reply: the body as it comes, errors in our own words."""

from __future__ import annotations

import httpx
import pytest

from routing.errors import (
    ClientGone,
    StreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from routing.providers.base import HttpReply, Timeouts, end_to_end
from tests.fakes import FakeTicket, HttpAnswer, ScriptedTransport

LIMITS = Timeouts(connect_s=1.0, read_s=2.0)
REQUEST = httpx.Request("GET", "http://main.test/path")


def open_reply(answer, *, ticket=None, timeouts=LIMITS):
    transport = ScriptedTransport()
    transport.script("/path", answer)
    return HttpReply.open(
        transport, REQUEST, ticket=ticket or FakeTicket(), timeouts=timeouts
    )


def test_has_the_status_and_headers_before_the_body():
    answer = HttpAnswer(status=529, headers=(("Retry-After", "1"),), chunks=[b"a"])
    reply = open_reply(answer)
    assert (reply.status, reply.headers) == (529, (("retry-after", "1"),))
    assert not answer.closed


def test_gives_the_body_as_it_comes_and_as_it_is_encoded():
    chunks = [b"\x1f\x8b", b"rest"]
    gzip = (("content-encoding", "gzip"),)
    assert list(open_reply(HttpAnswer(headers=gzip, chunks=chunks))) == chunks


def test_closing_closes_the_connection_and_may_be_done_twice():
    answer = HttpAnswer(chunks=[b"a"])
    reply = open_reply(answer)
    reply.close()
    reply.close()
    assert answer.closed


def test_hands_the_limits_and_the_client_to_the_transport():
    ticket = FakeTicket()
    open_reply(HttpAnswer(), ticket=ticket, timeouts=LIMITS.within(7.0))
    assert REQUEST.extensions["ticket"] is ticket
    assert REQUEST.extensions["timeout"] == {
        "connect": 1.0,
        "read": 2.0,
        "write": 2.0,
        "total": 7.0,
    }


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ConnectError("refused"), UpstreamUnreachable),
        (httpx.ReadError("reset"), UpstreamUnreachable),
        (httpx.RemoteProtocolError("no HTTP"), UpstreamUnreachable),
        (httpx.UnsupportedProtocol("ftp"), UpstreamUnreachable),
        (httpx.ConnectTimeout("slow"), UpstreamTimeout),
        (httpx.ReadTimeout("slow"), UpstreamTimeout),
    ],
)
def test_says_in_our_words_why_there_is_no_answer(failure, error):
    with pytest.raises(error) as caught:
        open_reply(failure)
    assert str(failure) not in caught.value.message, "its words may name hosts"
    assert caught.value.__cause__ is failure


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ReadError("reset"), StreamInterrupted),
        (httpx.RemoteProtocolError("cut"), StreamInterrupted),
        (httpx.ReadTimeout("stalled"), UpstreamTimeout),
    ],
)
def test_says_in_our_words_why_a_body_broke_off(failure, error):
    reply = open_reply(HttpAnswer(chunks=[b"a", failure]))
    chunks = iter(reply)
    assert next(chunks) == b"a"
    with pytest.raises(error):
        next(chunks)


def test_asks_nobody_for_a_client_that_has_left():
    transport = ScriptedTransport()
    with pytest.raises(ClientGone) as caught:
        HttpReply.open(
            transport, REQUEST, ticket=FakeTicket(gone=True), timeouts=LIMITS
        )
    assert transport.requests == []
    assert not caught.value.asked


def test_a_break_is_the_clients_doing_when_the_client_has_left():
    ticket = FakeTicket()

    def leaving():
        yield b"a"
        ticket.gone = True
        yield httpx.ReadError("shut down")

    chunks = iter(open_reply(HttpAnswer(chunks=leaving()), ticket=ticket))
    assert next(chunks) == b"a"
    with pytest.raises(ClientGone):
        next(chunks)


def test_a_wait_that_breaks_is_the_clients_doing_when_the_client_has_left():
    ticket = FakeTicket()

    def leave(request):
        ticket.gone = True
        raise httpx.ReadError("shut down")

    transport = httpx.MockTransport(leave)
    with pytest.raises(ClientGone) as caught:
        HttpReply.open(transport, REQUEST, ticket=ticket, timeouts=LIMITS)
    assert caught.value.asked


def test_keeps_only_headers_that_concern_the_reader():
    headers = httpx.Headers(
        [
            ("Content-Type", "a"),
            ("Connection", "close"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "3"),
            ("Keep-Alive", "1"),
            ("X-Twice", "1"),
            ("X-Twice", "2"),
            ("x-name", "caf\xe9".encode("latin-1")),
        ]
    )
    assert end_to_end(headers) == (
        ("content-type", "a"),
        ("x-twice", "1"),
        ("x-twice", "2"),
        ("x-name", "caf\xe9"),
    )


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({"content-length": "12"}, 12),
        ({}, None),
        ({"content-length": "many"}, None),
        ({"content-length": "12", "transfer-encoding": "chunked"}, None),
    ],
)
def test_knows_how_long_the_body_says_it_is(headers, length):
    answer = HttpAnswer(headers=tuple(headers.items()))
    assert open_reply(answer).length_bytes == length
