"""Clients that leave, over real sockets, and the upstream sockets that must follow."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from routing.providers.transport import PooledTransport
from routing.watch import UNWATCHED, BranchTicket, ClientWatch
from tests.routing.under_gevent import run_under_gevent

PATIENCE_S = 10.0


@pytest.fixture(scope="module")
def watch():
    """Return one watch for all tests: it lives as long as its process."""
    return ClientWatch()


@dataclass
class Link:
    """The two ends of a TCP connection."""

    near: socket.socket
    far: socket.socket

    def is_shut(self) -> bool:
        """Return whether the far end sees the near one shut; waits for it."""
        return self.far.recv(1) == b""

    def works(self) -> bool:
        self.near.sendall(b"!")
        return self.far.recv(1) == b"!"


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.fixture
def link():
    """Return a maker of links; `far` is the client's or the provider's end."""
    with (
        contextlib.ExitStack() as stack,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):

        def make() -> Link:
            far = socket.create_connection(listener.getsockname(), PATIENCE_S)
            near, _ = listener.accept()
            near.settimeout(PATIENCE_S)
            stack.enter_context(far)
            stack.enter_context(near)
            return Link(near, far)

        yield make


@pytest.fixture
def settle(watch, link):
    """Return a wait until the watch has handled all that happened so far.

    Events come in the order of their cause: a client that leaves last is seen last.
    """

    def wait() -> None:
        client, upstream = link(), link()
        ticket = watch.add(client.near)
        ticket.bind(upstream.near)
        client.far.close()
        assert upstream.is_shut()
        watch.remove(ticket)

    return wait


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["FIN", "RST"])
def test_a_client_that_leaves_shuts_the_upstream_socket(watch, link, leave):
    client, upstream = link(), link()
    ticket = watch.add(client.near)
    ticket.bind(upstream.near)
    leave(client.far)
    assert upstream.is_shut()
    assert ticket.gone
    watch.remove(ticket)


def test_wakes_a_reader_that_waits_on_the_upstream_socket(watch, link):
    client, upstream = link(), link()
    ticket = watch.add(client.near)
    ticket.bind(upstream.near)
    received = []
    reader = threading.Thread(target=lambda: received.append(upstream.near.recv(1)))
    reader.start()
    client.far.close()
    reader.join(PATIENCE_S)
    assert received == [b""]
    watch.remove(ticket)


def test_sees_the_end_behind_bytes_nobody_has_read(watch, link):
    client, upstream = link(), link()
    client.far.sendall(b"POST /v1/messages HTTP/1.1\r\n")
    ticket = watch.add(client.near)
    ticket.bind(upstream.near)
    client.far.sendall(b"Host: acme\r\n")
    client.far.close()
    assert upstream.is_shut()
    watch.remove(ticket)


def test_takes_a_half_closed_client_for_gone(watch, link):
    client, upstream = link(), link()
    ticket = watch.add(client.near)
    ticket.bind(upstream.near)
    client.far.shutdown(socket.SHUT_WR)
    assert upstream.is_shut()
    watch.remove(ticket)


def test_sees_a_client_that_left_before_it_was_watched(watch, link):
    client, upstream = link(), link()
    client.far.close()
    ticket = watch.add(client.near)
    ticket.bind(upstream.near)
    assert upstream.is_shut()
    watch.remove(ticket)


def test_a_client_that_sends_its_next_request_is_still_there(watch, link, settle):
    client, upstream = link(), link()
    for _ in range(3):
        ticket = watch.add(client.near)
        ticket.bind(upstream.near)
        client.far.sendall(b"POST /v1/messages HTTP/1.1\r\n")
        settle()
        assert not ticket.gone
        assert upstream.works()
        ticket.unbind(upstream.near)
        watch.remove(ticket)


def test_binding_after_the_client_left_shuts_at_once(watch, link, settle):
    client, upstream = link(), link()
    ticket = watch.add(client.near)
    client.far.close()
    settle()
    assert ticket.gone
    ticket.bind(upstream.near)
    assert upstream.is_shut()
    watch.remove(ticket)


def test_forgetting_one_socket_leaves_another_bound(watch, link, settle):
    client, first, second = link(), link(), link()
    ticket = watch.add(client.near)
    ticket.bind(first.near)
    ticket.bind(second.near)
    ticket.unbind(first.near)
    client.far.close()
    settle()
    assert first.works()
    assert second.is_shut()
    watch.remove(ticket)


def test_leaves_a_socket_alone_that_serves_somebody_else_now(watch, link, settle):
    client, upstream = link(), link()
    ticket = watch.add(client.near)
    ticket.bind(upstream.near)
    ticket.unbind(upstream.near)
    client.far.close()
    settle()
    assert ticket.gone
    assert upstream.works()
    watch.remove(ticket)


def test_tolerates_an_upstream_socket_that_is_closed_already(watch, link, settle):
    client, upstream = link(), link()
    ticket = watch.add(client.near)
    ticket.bind(upstream.near)
    upstream.near.close()
    client.far.close()
    settle()
    assert ticket.gone
    watch.remove(ticket)


def test_does_not_watch_for_a_removed_ticket(watch, link, settle):
    client, upstream = link(), link()
    ticket = watch.add(client.near)
    ticket.bind(upstream.near)
    watch.remove(ticket)
    watch.remove(ticket)
    client.far.close()
    settle()
    assert not ticket.gone
    assert upstream.works()


def test_removing_late_does_not_stop_the_watch_for_the_next_client(watch, link):
    former, client, upstream = link(), link(), link()
    old_ticket = watch.add(former.near)
    number = former.near.detach()
    os.dup2(client.near.fileno(), number)
    with socket.socket(fileno=number) as reused:
        ticket = watch.add(reused)
        ticket.bind(upstream.near)
        watch.remove(old_ticket)
        client.far.close()
        assert upstream.is_shut()
        assert not old_ticket.gone
        watch.remove(ticket)


def test_an_event_of_a_former_client_does_not_hit_the_one_with_its_number(
    watch, link, settle
):
    former, client, upstream = link(), link(), link()
    watch.add(former.near)
    with contextlib.closing(former.near.dup()):  # keeps the old registration alive
        number = former.near.detach()
        os.dup2(client.near.fileno(), number)
        with socket.socket(fileno=number) as reused:
            ticket = watch.add(reused)
            ticket.bind(upstream.near)
            former.far.close()
            settle()
            assert not ticket.gone
            client.far.close()
            assert upstream.is_shut()
            watch.remove(ticket)


def test_adding_a_client_again_replaces_its_ticket(watch, link):
    client, upstream = link(), link()
    watch.add(client.near)
    ticket = watch.add(client.near)
    ticket.bind(upstream.near)
    client.far.close()
    assert upstream.is_shut()
    watch.remove(ticket)


def test_a_forked_worker_starts_a_loop_of_its_own(watch, link, monkeypatch):
    watch = ClientWatch()
    for pid in (-1, -2):
        monkeypatch.setattr(os, "getpid", lambda pid=pid: pid)
        client, upstream = link(), link()
        ticket = watch.add(client.near)
        ticket.bind(upstream.near)
        client.far.close()
        assert upstream.is_shut()
        watch.remove(ticket)


def test_many_clients_that_leave_at_once_are_all_seen(watch, link):
    links = [(link(), link()) for _ in range(50)]
    tickets = [watch.add(client.near) for client, _ in links]
    for ticket, (_, upstream) in zip(tickets, links, strict=True):
        ticket.bind(upstream.near)
    for client, _ in links:
        client.far.close()
    assert all(upstream.is_shut() for _, upstream in links)
    for ticket in tickets:
        watch.remove(ticket)


@pytest.mark.parametrize("has_socket", [True, False])
def test_a_client_that_cannot_be_watched_never_leaves(link, monkeypatch, has_socket):
    if has_socket:
        monkeypatch.setattr(sys, "platform", "darwin")
    client, upstream = link(), link()
    watch = ClientWatch()
    ticket = watch.add(client.near if has_socket else None)
    assert ticket.fd == UNWATCHED
    ticket.bind(upstream.near)
    client.far.close()
    assert not ticket.gone
    assert upstream.works()
    ticket.unbind(upstream.near)
    watch.remove(ticket)


def test_a_client_that_leaves_ends_the_call_to_the_provider(watch, link):
    client = link()
    ticket = watch.add(client.near)
    provider_saw = []

    def provider() -> None:
        upstream, _ = listener.accept()
        with upstream:
            upstream.recv(65_536)
            client.far.close()
            provider_saw.append(upstream.recv(1))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=provider)
        serving.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/messages"
        request = httpx.Request("POST", url, extensions={"ticket": ticket})
        with PooledTransport() as transport, pytest.raises(httpx.TransportError):
            transport.handle_request(request)
        serving.join(PATIENCE_S)
    assert ticket.gone
    assert provider_saw == [b""]
    watch.remove(ticket)


def test_watching_works_the_same_under_gevent():
    run_under_gevent(Path(__file__))


def test_calls_that_are_left_leave_the_others_alone(watch, link):
    client, draft, spare = link(), link(), link()
    ticket = watch.add(client.near)
    branch = BranchTicket(ticket)
    ticket.bind(draft.near)
    branch.bind(spare.near)
    branch.leave()
    assert spare.is_shut()
    assert draft.works()
    assert (branch.gone, ticket.gone) == (True, False)
    watch.remove(ticket)


def test_a_client_that_leaves_leaves_all_its_calls(watch, link):
    client, spare, forgotten = link(), link(), link()
    branch = BranchTicket(watch.add(client.near))
    branch.bind(forgotten.near)
    branch.unbind(forgotten.near)
    branch.bind(spare.near)
    client.far.close()
    assert spare.is_shut()
    assert branch.gone
    assert forgotten.works()


def test_what_is_bound_after_it_was_left_is_shut_at_once(watch, link):
    branch = BranchTicket(watch.add(link().near))
    branch.leave()
    late = link()
    branch.bind(late.near)
    assert late.is_shut()
