import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.simulator import http
from routing.simulator.http import BadRequest, RequestParser, frames
from routing.simulator.values import Chunk, Reply

PLAIN = (
    b"POST /v1/messages?beta=true HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
)
CHUNKED = (
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\nA;note=1\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
)


def parsed(*parts):
    parser, out = RequestParser(), []
    for part in parts:
        parser.feed(part)
        while (request := parser.next_request()) is not None:
            out.append(request)
    return out


def test_reads_a_request_with_its_parts():
    (request,) = parsed(PLAIN)
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert (request.query, request.body) == ("beta=true", b"body")
    assert request.headers == (("Host", "x"), ("Content-Length", "4"))


def test_reads_a_chunked_body():
    (request,) = parsed(CHUNKED)
    assert request.body == b"abc0123456789"


# A deadline would be a timing assertion on a busy machine.
@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(PLAIN + CHUNKED) * 2), max_size=12))
def test_reads_the_same_requests_wherever_the_bytes_are_cut(cuts):
    data = (PLAIN + CHUNKED) * 2
    edges = [0, *sorted(cuts), len(data)]
    parts = [data[a:b] for a, b in itertools.pairwise(edges)]
    assert parsed(*parts) == parsed(data)
    assert len(parsed(data)) == 4


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        (b"GET / HTTP/1.1", True),
        (b"GET / HTTP/1.0", False),
        (b"GET / HTTP/1.1\r\nConnection: close", False),
    ],
)
def test_knows_whether_the_connection_stays(head, keep_alive):
    assert parsed(head + b"\r\n\r\n")[0].keep_alive is keep_alive


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbroken\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA : 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: " + b"x" * 70_000, 431),
    ],
)
def test_what_is_not_http_is_refused(data, status):
    with pytest.raises(BadRequest) as refused:
        parsed(data)
    assert refused.value.status == status


def test_a_chunked_body_has_a_limit(monkeypatch):
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 10)
    with pytest.raises(BadRequest) as refused:
        parsed(CHUNKED)
    assert refused.value.status == 413


def test_continue_is_due_once_while_the_body_is_missing():
    parser = RequestParser()
    parser.feed(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    assert parser.next_request() is None
    assert [parser.take_continue(), parser.take_continue()] == [True, False]


def wire(reply, *, keep_alive=True, head_only=False):
    return [
        data for _, data in frames(reply, keep_alive=keep_alive, head_only=head_only)
    ]


def test_a_whole_reply_declares_its_length():
    reply = Reply(status=529, headers=(("a", "b"),), chunks=(Chunk(data=b"body"),))
    head, body = wire(reply, keep_alive=False)
    assert head.startswith(b"HTTP/1.1 529 Overloaded\r\na: b\r\n")
    assert b"content-length: 4\r\nconnection: close\r\n\r\n" in head
    assert body == b"body"


def test_a_chunked_reply_frames_each_chunk_and_ends():
    chunks = (Chunk(data=b"abc", delay_s=0.5), Chunk(data=b""))
    reply = Reply(status=200, headers=(), chunks=chunks, chunked=True, head_delay_s=1.0)
    timed = frames(reply, keep_alive=True, head_only=False)
    assert [delay_s for delay_s, _ in timed] == [1.0, 0.5, 0.0, 0.0]
    assert [data for _, data in timed][1:] == [b"3\r\nabc\r\n", b"", b"0\r\n\r\n"]


def test_a_cut_reply_has_no_end():
    reply = Reply(status=200, headers=(), chunked=True, ending="cut")
    assert len(wire(reply)) == 1


def test_a_head_only_reply_keeps_the_declared_length():
    reply = Reply(status=299, headers=(), chunks=(Chunk(data=b"body"),))
    (head,) = wire(reply, head_only=True)
    assert b"HTTP/1.1 299 Unknown" in head
    assert b"content-length: 4" in head
