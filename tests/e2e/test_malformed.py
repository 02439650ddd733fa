"""What is no HTTP, too large or too slow: a clear 4xx in the envelope, never a page."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.builders import make_body
from tests.stack import Stack, new_model
from tests.wire import parsed

HEAD = b"POST /v1/messages HTTP/1.1\r\nhost: a\r\n"


def spoken(stack: Stack, said: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the first answer to bytes on a raw socket."""
    url = urlsplit(stack.base_url)
    with socket.create_connection((url.hostname, url.port), 10) as sock:
        sock.sendall(said)
        got = b""
        with contextlib.suppress(ConnectionError, TimeoutError):
            while more := sock.recv(65_536):
                got += more
    head, _, body = got.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    named = (line.partition(":") for line in lines[1:])
    headers = {name.lower(): value.strip() for name, _, value in named}
    return int(lines[0].split()[1]), headers, body


MALFORMED = {
    "no http": (b"hello\r\n\r\n", 400),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "version": (b"GET /v1/messages HTTP/9.9\r\nhost: a\r\n\r\n", 400),
    "method": (b"GE(T /v1/messages HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    "long address": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", 414),
    "huge header": (HEAD + b"x: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    "many headers": (HEAD + b"x: y\r\n" * 300 + b"\r\n", 431),
    "folded": (HEAD + b"x: y\r\n z\r\n\r\n", 400),
    "bare name": (HEAD + b"x y\r\n\r\n", 400),
    "null": (HEAD + b"x: a\x00b\r\n\r\n", 400),
    "space before colon": (HEAD + b"content-length : 5\r\n\r\nhello", 400),
    "both lengths": (
        HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "two lengths": (
        HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        400,
    ),
    "negative length": (HEAD + b"content-length: -5\r\n\r\n", 400),
    "odd coding": (HEAD + b"transfer-encoding: gzip\r\n\r\n", 400),
    "twice chunked": (
        HEAD + b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_request_gets_our_envelope(stack: Stack, kind: str) -> None:
    said, status = MALFORMED[kind]
    got, headers, body = spoken(stack, said)
    assert got == status
    assert headers["content-type"] == "application/json"
    told = parsed(body)
    assert told["type"] == "error"
    assert told["error"]["type"] == "invalid_request_error"
    assert told["request_id"] == headers["request-id"]


@pytest.mark.parametrize(
    "chunks", [b"zz\r\n", b"-5\r\nhello", b"5\r\nhelloX\r\n0\r\n\r\n"]
)
def test_a_body_that_is_not_chunked_as_it_says_is_refused(stack: Stack, chunks: bytes):
    key = f"x-api-key: {stack.key}\r\n".encode()
    status, headers, body = spoken(
        stack, HEAD + key + b"transfer-encoding: chunked\r\n\r\n" + chunks
    )
    assert (status, headers["content-type"]) == (400, "application/json")
    assert parsed(body)["error"]["type"] == "invalid_request_error"


def test_what_was_said_is_in_no_answer_and_no_log(stack: Stack) -> None:
    planted = b"sk-planted-in-a-broken-header"
    for said in (
        HEAD + b"x-api-key " + planted + b"\r\n\r\n",
        HEAD + b"x-api-key: " + planted + b"\x00\r\n\r\n",
        b"GET /" + planted + b" HTTP/9.9\r\n\r\n",
    ):
        _, _, body = spoken(stack, said)
        assert planted not in body
    assert planted.decode() not in stack.log


@pytest.fixture(params=["gevent", "gthread"])
def small_stack(shared_stack, request) -> Stack:
    """One worker of few threads, which gives slow clients a second."""
    return shared_stack(
        CASCADE_WORKER_CLASS=request.param,
        CASCADE_WORKERS="1",
        CASCADE_THREADS="4",
        CASCADE_SLOW_CLIENT_S="1",
    )


@contextlib.contextmanager
def stuck(stack: Stack, said: bytes, count: int) -> Iterator[None]:
    """Clients that say the beginning of something and then nothing."""
    url = urlsplit(stack.base_url)
    with contextlib.ExitStack() as open_sockets:
        for _ in range(count):
            sock = socket.create_connection((url.hostname, url.port), 10)
            open_sockets.enter_context(sock)
            sock.sendall(said)
        yield


@pytest.mark.parametrize("part", ["head", "body"])
def test_clients_that_say_half_a_request_do_not_hold_a_worker(
    small_stack: Stack, part: str
) -> None:
    half = HEAD + b"x-a: b"
    if part == "body":
        key = f"x-api-key: {small_stack.key}\r\n".encode()
        half = HEAD + key + b"content-length: 1000\r\n\r\n{"
    with stuck(small_stack, half, 8):
        # Within the time the test's own client waits.
        assert small_stack.ask(make_body(model=new_model())).status == 200


def test_clients_that_do_not_read_do_not_hold_a_worker(small_stack: Stack) -> None:
    body = make_body("Go on [[chunks:400000]]", model=new_model(), stream=True)
    key = f"x-api-key: {small_stack.key}\r\ncontent-length: {len(body)}\r\n\r\n"
    with stuck(small_stack, HEAD + key.encode() + body, 8):
        assert small_stack.ask(make_body(model=new_model())).status == 200
