"""Where connections may lead: the address is checked when it is connected to.

A check of the name alone would be answered by whoever owns the name, once with a
public address and the next time with a private one.
"""

from __future__ import annotations

import base64
import ipaddress
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from routing import hosts
from routing.providers.dialing import Connect, connect_tcp

# Whether an operator said that this host may lie in a private network.
MayBePrivate = Callable[[str], bool]

MAX_PROXY_HEAD_BYTES = 16_384


class Refused(OSError):
    """The address is one that we do not connect to."""


def guarded(may_be_private: MayBePrivate) -> Connect:
    """Return a way to connect that refuses addresses a provider may not have.

    Link-local addresses, and those of clouds' metadata, always; private ones unless
    the host may be private. Raises Refused, without saying which address it was: an
    answer must not be a map of a private network.
    """

    def connect(host: str, port: int, timeout_s: float | None) -> socket.socket:
        started = time.monotonic()
        addresses = _resolved(host, port)
        allowed = [a for a in addresses if not refusal(a, host, may_be_private)]
        if not allowed:
            why = refusal(addresses[0], host, may_be_private)
            raise Refused(f"{host} {why}")
        return _first_that_accepts(allowed, port, timeout_s, started)

    return connect


def refusal(address: str, host: str, may_be_private: MayBePrivate) -> str:
    """Return why `host` at `address` is not connected to; "" when it may be."""
    found = hosts.inner(ipaddress.ip_address(address))
    if hosts.is_forbidden(found):
        return "leads to an address that is never connected to."
    if not found.is_global and not may_be_private(host):
        return "leads into a private network, which nobody allowed."
    return ""


def _resolved(host: str, port: int) -> list[str]:
    """Return the addresses of `host`, in order. Raises OSError."""
    literal = hosts.address_of(host)
    if literal is not None:
        # gevent would send even an address through the threads that look names up;
        # and the spelling of a resolver is not ours.
        return [hosts.bare(host) if ":" in host else str(literal)]
    found: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _first_that_accepts(
    addresses: list[str], port: int, timeout_s: float | None, started: float
) -> socket.socket:
    *others, last = addresses
    for address in others:
        try:
            return connect_tcp(address, port, _left(timeout_s, started))
        except OSError:
            continue
    return connect_tcp(last, port, _left(timeout_s, started))


def _left(timeout_s: float | None, started: float) -> float | None:
    if timeout_s is None:
        return None
    left = timeout_s - (time.monotonic() - started)
    if left <= 0:
        raise TimeoutError("no address of the host accepted in time")
    return left


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressProxy:
    """The HTTP proxy that leads out; `authorization` is the header's value, or ""."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    @classmethod
    def at(cls, url: str) -> EgressProxy:
        """Return the proxy at `url`, `http://[user:password@]host:port`.

        Raises ValueError, without the password, for anything else.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("write http://host:port, with user:password@ if need be")
        authorization = ""
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = "Basic " + base64.b64encode(pair.encode()).decode()
        port = parts.port or 3128
        return cls(host=parts.hostname, port=port, authorization=authorization)


def through(
    proxy: EgressProxy, may_be_private: MayBePrivate, *, direct: Connect
) -> Connect:
    """Return a way to connect through `proxy`; to hosts that may be private, `direct`.

    The proxy looks names up and decides where they may lead; addresses are checked
    here. Raises OSError when it lets nobody through.
    """

    def connect(host: str, port: int, timeout_s: float | None) -> socket.socket:
        if may_be_private(host):
            return direct(host, port, timeout_s)
        literal = hosts.address_of(host)
        why = refusal(str(literal), host, may_be_private) if literal else ""
        if why or hosts.is_private(host):
            raise Refused(f"{host} {why or 'is the name of a private network.'}")
        sock = connect_tcp(proxy.host, proxy.port, timeout_s)
        try:
            _tunnel(sock, proxy, f"{hosts.in_url(host)}:{port}")
        except BaseException:
            sock.close()
            raise
        return sock

    return connect


def _tunnel(sock: socket.socket, proxy: EgressProxy, target: str) -> None:
    """Ask for a tunnel to `target`. What comes after the answer's head stays unread."""
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)  # the server's first bytes may follow at once
        if not byte or len(head) > MAX_PROXY_HEAD_BYTES:
            raise ConnectionError("the egress proxy did not answer")
        head += byte
    status = head.split(b"\r\n", 1)[0].split()
    if len(status) < 2 or not status[0].startswith(b"HTTP/1.") or status[1] != b"200":
        raise Refused("the egress proxy lets nobody through to this host")
