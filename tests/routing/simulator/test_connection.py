import gzip
import http.client
import json
import socket

import pytest

from tests.routing.simulator.builders import VERSION, events_in, fields_for

HEAD = b"HTTP/1.1\r\nHost: x\r\n"


def post(connection, prompt="Explain gravity", headers=None, **fields):
    body = json.dumps(fields_for(prompt, **fields))
    connection.request("POST", "/v1/messages", body, {**VERSION, **(headers or {})})
    return connection.getresponse()


def test_a_connection_serves_many_requests(connection):
    sockets = set()
    for _ in range(3):
        post(connection).read()
        sockets.add(connection.sock)
    assert len(sockets) == 1
    assert None not in sockets


def test_pipelined_requests_are_answered_in_order(raw_exchange):
    first = b"GET /health " + HEAD + b"\r\n"
    last = b"GET /nowhere " + HEAD + b"Connection: close\r\n\r\n"
    answer = raw_exchange(first + first + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b"404 Not Found") > answer.rindex(b"200 OK")


def test_a_chunked_upload_is_read(connection):
    parts = iter(
        [
            b'{"model": "draft-small", "max_tokens": 9, ',
            b'"messages": [',
            b'{"role": "user", "content": "Say hi"}]}',
        ]
    )
    connection.request("POST", "/v1/messages", parts, VERSION, encode_chunked=True)
    assert connection.getresponse().status == 200


def test_a_client_that_expects_it_is_told_to_continue(connection):
    body = json.dumps(fields_for("Say hi")).encode()
    head = (
        b"POST /v1/messages " + HEAD + b"anthropic-version: 2023-06-01\r\n"
        b"Expect: 100-continue\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    told = b"HTTP/1.1 100 Continue\r\n\r\n"
    with socket.create_connection((connection.host, connection.port), 5) as sock:
        sock.sendall(head)
        assert sock.recv(len(told), socket.MSG_WAITALL) == told
        sock.sendall(body)
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_what_is_not_http_is_refused_and_closed(raw_exchange):
    assert raw_exchange(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request")


def test_a_head_request_has_no_body(connection):
    connection.request("HEAD", "/")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")


def test_a_stream_arrives_whole(connection):
    response = post(connection, "[[chunks:50]]", stream=True)
    events = events_in(response.read())
    texts = [e["delta"]["text"] for e in events if e["type"] == "content_block_delta"]
    assert len(texts) == 50


def test_a_reset_reaches_the_client_in_the_middle(connection):
    response = post(connection, headers={"x-simulate": "reset"}, stream=True)
    got = response.read1()
    assert b"message_start" in got
    with pytest.raises(ConnectionResetError):
        response.read()


def test_a_truncated_body_ends_early(connection):
    response = post(connection, headers={"x-simulate": "truncated"})
    with pytest.raises(http.client.IncompleteRead):
        response.read()


def test_a_gzipped_stream_unpacks(connection):
    response = post(connection, headers={"x-simulate": "gzip"}, stream=True)
    assert events_in(gzip.decompress(response.read()))[-1]["type"] == "message_stop"


def test_a_stalled_stream_sends_its_first_half_and_notices_who_leaves(
    simulator, connection
):
    response = post(connection, headers={"x-simulate": "stall"}, stream=True)
    assert b"message_start" in response.read1()
    # The response holds the socket as well: shut it down for both.
    response.fp.raw._sock.shutdown(socket.SHUT_RDWR)
    response.close()
    connection.close()
    assert simulator.wait_for_abandoned(1)
    assert simulator.abandoned == simulator.requests


def test_pieces_arrive_at_their_own_time(simulator, connection):
    chunks = [b"first", (0.01, b"second")]
    simulator.script([{"chunks": chunks}])
    response = post(connection)
    assert response.read() == b"firstsecond"
