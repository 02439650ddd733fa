"""Where connections may lead, whatever a name says it is."""

from __future__ import annotations

import socket

import pytest

from routing.providers import egress
from routing.providers.egress import EgressProxy, Refused, guarded, through
from tests.routing.providers.hostile import ProxyServer, nobody


def anybody(host: str) -> bool:
    return True


def resolving_to(monkeypatch, *addresses: str) -> None:
    found = [(0, 0, 0, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(egress.socket, "getaddrinfo", lambda *_, **__: found)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "::ffff:169.254.169.254",
        "fe80::1%lo",
        "fd00:ec2::254",
    ],
)
def test_what_is_link_local_is_never_connected_to(host):
    with pytest.raises(Refused, match="never connected to"):
        guarded(anybody)(host, 80, 1.0)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "10.0.0.1", "::1", "0.0.0.0", "localhost"],  # noqa: S104  compared
)
def test_what_is_private_is_connected_to_only_when_allowed(host):
    with pytest.raises(Refused, match="private network"):
        guarded(nobody)(host, 80, 1.0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
def test_what_is_allowed_is_connected_to(listener, host):
    port = listener.getsockname()[1]
    with guarded(anybody)(host, port, 2.0) as sock:
        assert sock.getpeername() == ("127.0.0.1", port)


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch, listener):
    answers = iter(["127.0.0.1", "169.254.169.254"])

    def rebinding(*_, **__):
        return [(0, 0, 0, "", (next(answers), 0))]

    monkeypatch.setattr(egress.socket, "getaddrinfo", rebinding)
    connect = guarded(anybody)
    with connect("rebinding.test", listener.getsockname()[1], 2.0) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"
    with pytest.raises(Refused):
        connect("rebinding.test", 80, 2.0)


def test_a_public_name_with_a_private_address_is_refused(monkeypatch):
    resolving_to(monkeypatch, "10.1.2.3")
    with pytest.raises(Refused) as refused:
        guarded(nobody)("api.example.com", 443, 1.0)
    assert "10.1.2.3" not in str(refused.value)


def test_of_several_addresses_only_good_ones_are_tried(monkeypatch, listener):
    resolving_to(monkeypatch, "169.254.169.254", "127.0.0.1")
    port = listener.getsockname()[1]
    with guarded(anybody)("mixed.test", port, 2.0) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"


def test_the_next_address_is_tried_when_one_does_not_accept(monkeypatch, listener):
    resolving_to(monkeypatch, "127.0.0.2", "127.0.0.1")
    port = listener.getsockname()[1]
    with guarded(anybody)("several.test", port, 2.0) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"


def proxy_at(listener: socket.socket, *, user: str = "") -> EgressProxy:
    return EgressProxy.at(f"http://{user}127.0.0.1:{listener.getsockname()[1]}")


def test_a_proxy_that_was_set_is_asked_for_a_tunnel(listener):
    server = ProxyServer(listener, b"HTTP/1.1 200 Ok\r\nx: y\r\n\r\nhello")
    server.start()
    connect = through(
        proxy_at(listener, user="me:p%40ss@"), nobody, direct=guarded(nobody)
    )
    with connect("api.example.com", 443, 5.0) as sock:
        assert sock.recv(5) == b"hello"
    assert server.asked.startswith(b"CONNECT api.example.com:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in server.asked


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 403 No\r\n\r\n", b"nonsense\r\n\r\n", b""]
)
def test_a_proxy_that_lets_nobody_through_is_no_connection(listener, answer):
    ProxyServer(listener, answer).start()
    connect = through(proxy_at(listener), nobody, direct=guarded(nobody))
    with pytest.raises(OSError, match="egress proxy"):
        connect("api.example.com", 443, 5.0)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "10.0.0.1", "intranet", "a.internal"]
)
def test_a_proxy_is_not_asked_for_private_hosts(host):
    unreachable = EgressProxy(host="127.0.0.1", port=1)
    with pytest.raises(Refused):
        through(unreachable, nobody, direct=guarded(nobody))(host, 443, 1.0)


def test_a_private_host_that_is_allowed_is_reached_past_the_proxy(listener):
    unreachable = EgressProxy(host="127.0.0.1", port=1)
    connect = through(unreachable, anybody, direct=guarded(anybody))
    with connect("127.0.0.1", listener.getsockname()[1], 2.0) as sock:
        assert sock.getpeername()[1] == listener.getsockname()[1]


@pytest.mark.parametrize(
    "url", ["https://p.test", "p.test:80", "http://", "http://p/x"]
)
def test_what_is_no_proxy_is_refused(url):
    with pytest.raises(ValueError, match="write http://host:port"):
        EgressProxy.at(url)


def test_a_password_is_not_in_what_is_printed():
    assert "p4ss" not in repr(EgressProxy.at("http://me:p4ss@p.test:3128"))
