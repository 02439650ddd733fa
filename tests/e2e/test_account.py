"""Uploads and downloads of an account through a live server, a piece at a time."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import SharedStack
from tests.routing.providers.hostile import CHUNKED_HEAD, Peer, Script, Server, chunked
from tests.stack import Stack, wait_for
from tests.wire import asking, send

MEGABYTE = 1024 * 1024
PAGE_KB = resource.getpagesize() // 1024
GRANT = """
ClientKey.objects.filter(name="acme").update(account_access=True)
row = Provider.objects.get(name="main")
row.base_url, row.priority = "{url}", -1
row.save()
"""

# Each connection serves one request: a script is chosen when it is opened.
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close"

Play = Callable[[Script], None]


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[str, Play]]:
    """The address of an account, and what says how its next connections go."""
    with ExitStack() as ending:
        scripts: list[Script] = []

        def script(peer: Peer) -> None:
            scripts[-1](peer)

        server = Server(script)
        ending.callback(server.stop)
        yield server.url.removesuffix("/v1/messages"), scripts.append


@pytest.fixture
def account(
    shared_stack: SharedStack, worker_class: str, provider: tuple[str, Play]
) -> tuple[Stack, Play]:
    """A stack whose key `acme` reaches the account, one worker, and the account."""
    url, play = provider
    stack = shared_stack(
        CASCADE_WORKER_CLASS=worker_class, CASCADE_MAX_UPLOAD_BYTES="209715200"
    )
    stack.change(GRANT.format(url=url))
    allowed = wait_for_grant(stack, play)
    assert allowed
    return stack, play


def wait_for_grant(stack: Stack, play: Play) -> bool:
    play(answers(b"{}"))
    probe = lambda: stack.call("GET", "/v1/files", headers=stack.headers())  # noqa: E731
    return wait_for("the grant to be seen", lambda: probe().status == 200)


def answers(body: bytes, *headers: str) -> Script:
    """Read one request without keeping it, and answer `body`."""

    def script(peer: Peer) -> None:
        swallow(peer)
        lines = [CLOSING.decode(), f"Content-Length: {len(body)}", *headers, "", ""]
        peer.send("\r\n".join(lines).encode() + body)

    return script


def swallow(peer: Peer) -> int:
    """Return how many bytes the body of a request had; none of them is kept."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.sock.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(
        line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line
    )
    if b"transfer-encoding" in fields:
        size, end = len(body), body[-5:]
        while end != b"0\r\n\r\n":
            got = peer.sock.recv(MEGABYTE)
            size, end = size + len(got), (end + got)[-5:]
        return size
    size, length = len(body), int(fields.get(b"content-length", b"0"))
    while size < length:
        got = peer.sock.recv(MEGABYTE)
        assert got, "cut off"
        size += len(got)
    return size


def resident_kb(stack: Stack) -> int:
    (worker,) = stack.worker_pids
    return int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * PAGE_KB


def account_decisions(stack: Stack, endpoint: str) -> list[dict[str, Any]]:
    sql = "SELECT * FROM metrics_routingdecision WHERE endpoint = ? ORDER BY id"
    return stack.query(sql, endpoint)


@pytest.mark.parametrize("known_length", [True, False])
def test_an_upload_is_never_held_whole(
    account: tuple[Stack, Play], known_length: bool
) -> None:
    stack, play = account
    received: list[int] = []

    def script(peer: Peer) -> None:
        received.append(swallow(peer))
        peer.send(CLOSING + b"\r\nContent-Length: 2\r\n\r\n{}")

    play(script)
    before = resident_kb(stack)
    headers = stack.headers(content_type="multipart/form-data; boundary=x")
    if known_length:
        headers["content-length"] = str(100 * MEGABYTE)
    else:
        headers["transfer-encoding"] = "chunked"
    body = (bytes(MEGABYTE) for _ in range(100))
    got = stack.call(
        "POST",
        "/v1/skills",
        body=Announced(body) if known_length else body,
        headers=headers,
    )
    assert (got.status, got.body) == (200, b"{}")
    assert received[0] >= 100 * MEGABYTE
    assert resident_kb(stack) - before < 20_000
    wait_for("the decision", lambda: account_decisions(stack, "skills"))


class Announced:
    """An iterable that http.client sends as it is, by a length given."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int) -> bytes:
        return next(self._pieces, b"")


def test_a_download_is_passed_on_as_it_comes(account: tuple[Stack, Play]) -> None:
    stack, play = account
    seen = threading.Event()

    def script(peer: Peer) -> None:
        swallow(peer)
        head = CHUNKED_HEAD.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        peer.send(head + chunked(b'{"custom_id":"1"}\n'))
        assert seen.wait(10)
        peer.send(chunked(b'{"custom_id":"2"}\n') + b"0\r\n\r\n")

    play(script)
    path = "/v1/messages/batches/b_1/results"
    with asking(stack.base_url, "GET", path, headers=stack.headers()) as response:
        assert response.read1() == b'{"custom_id":"1"}\n'
        seen.set()
        assert response.read() == b'{"custom_id":"2"}\n'
    rows = wait_for("the decision", lambda: account_decisions(stack, "batches"))
    assert (rows[-1]["outcome"], rows[-1]["status"]) == ("account", 200)


def test_the_end_of_a_download_is_told_by_its_length(
    account: tuple[Stack, Play],
) -> None:
    stack, play = account
    play(answers(b"x" * 300_000, "Content-Type: application/pdf"))
    path = "/v1/files/file_1/content"
    got = stack.call("GET", path, headers=stack.headers())
    assert (got.headers["content-length"], len(got.body)) == ("300000", 300_000)

    def cut(peer: Peer) -> None:
        swallow(peer)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\nhalf")

    play(cut)
    got = stack.call("GET", path, headers=stack.headers())
    assert (got.whole, got.body) == (False, b"half")


def test_head_and_delete_work_as_they_do_there(account: tuple[Stack, Play]) -> None:
    stack, play = account

    def script(peer: Peer) -> None:
        swallow(peer)
        peer.send(CLOSING + b"\r\nContent-Length: 12\r\n\r\n")

    play(script)
    got = stack.call("HEAD", "/v1/files/file_1", headers=stack.headers())
    assert (got.status, got.headers["content-length"], got.body) == (200, "12", b"")

    def deleted(peer: Peer) -> None:
        swallow(peer)
        peer.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    play(deleted)
    got = stack.call("DELETE", "/v1/files/file_1", headers=stack.headers())
    assert (got.status, got.body) == (204, b"")


@pytest.mark.parametrize("uploading", [True, False])
def test_a_client_that_leaves_closes_upstream(
    account: tuple[Stack, Play], uploading: bool
) -> None:
    stack, play = account
    asked, closed = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.sock.recv(65_536)
        asked.set()
        peer.wait_for_end()
        closed.set()

    play(script)
    headers = stack.headers()
    if uploading:
        headers["transfer-encoding"] = "chunked"
    body = b"5\r\nhello\r\n" if uploading else b"{}"
    path = "/v1/organizations/x"
    sock = send(stack.base_url, body, headers, path=path)
    assert asked.wait(10)
    sock.close()
    assert closed.wait(2)
    wait_for(
        "the decision",
        lambda: [r for r in account_decisions(stack, "organizations") if r["aborted"]],
    )


def test_a_refusal_reaches_a_client_that_is_still_uploading(
    account: tuple[Stack, Play],
) -> None:
    stack, play = account

    def refuses(peer: Peer) -> None:
        peer.sock.recv(65_536)
        refusal = b'{"type":"error"}'
        head = f"HTTP/1.1 413 No\r\nContent-Length: {len(refusal)}\r\n\r\n"
        peer.send(head.encode() + refusal)
        peer.wait_for_end()

    play(refuses)
    headers = stack.headers(transfer_encoding="chunked")
    body = (bytes(MEGABYTE) for _ in range(30))
    got = stack.call("POST", "/v1/files", body=body, headers=headers)
    assert (got.status, got.body) == (413, b'{"type":"error"}')
