"""One client's connection: watched while it waits, let go of when it is answered."""

from __future__ import annotations

import socket

import pytest

from routing.connection import ClientConnection
from routing.errors import ClientGone
from tests.builders import VERIFIER, make_request, make_target
from tests.fakes import HttpAnswer


def test_watches_the_socket_of_its_client(watch):
    with socket.socket() as sock:
        ClientConnection({"gunicorn.socket": sock})
        assert watch.added == [sock]


@pytest.mark.parametrize("watched", [True, False])
def test_watches_nobody_without_a_socket_or_when_told_not_to(watch, settings, watched):
    settings.CASCADE_WATCH_CLIENTS = watched
    ClientConnection({} if watched else {"gunicorn.socket": object()})
    assert watch.added == [None]


def test_knows_when_the_client_has_left(watch, upstream):
    client = ClientConnection({})
    assert not client.gone
    watch.ticket.gone = True
    assert client.gone
    with pytest.raises(ClientGone):
        client.upstream.ask(make_request(), make_target())


def test_asks_providers_within_the_limits_of_the_settings(watch, upstream, settings):
    settings.CASCADE_UPSTREAM_CONNECT_S = 1.5
    settings.CASCADE_UPSTREAM_READ_S = 2.5
    upstream.script(VERIFIER, HttpAnswer())
    ClientConnection({}).upstream.ask(make_request(), make_target())
    limits = upstream.requests[0].extensions["timeout"]
    assert (limits["connect"], limits["read"]) == (1.5, 2.5)
    assert upstream.requests[0].extensions["ticket"] is watch.ticket


def test_lets_go_of_its_client(watch):
    client = ClientConnection({})
    client.release()
    client.release()
    assert set(watch.removed) == {watch.ticket}
