"""Opens connections to providers: addresses, socket options, TLS, one more try.

Failures leave here as `TimeoutError`, `OSError` or `UnicodeError`.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable

from routing.providers.sockets import Connection, Limits, Origin

Connect = Callable[[str, int, float | None], socket.socket]

# A model may think for minutes; a NAT on the way forgets silent connections.
_KEEPALIVE_AFTER_60_S = (
    ((socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),)
    if hasattr(socket, "TCP_KEEPIDLE")
    else ()
)
_SOCKET_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *_KEEPALIVE_AFTER_60_S,
)
# A server that restarts refuses or resets, and a resolver has hiccups. No request was
# sent, so nothing can happen twice.
_PASSING = (ConnectionError, socket.gaierror, ssl.SSLEOFError)


def connect_tcp(host: str, port: int, timeout_s: float | None) -> socket.socket:
    """Return a socket connected to the first address of `host` that accepts."""
    try:
        family = _family_of(ipaddress.ip_address(host))
    except ValueError:
        return socket.create_connection((host, port), timeout_s)
    # gevent would send even an address through the threads that look names up.
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        sock.connect((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _family_of(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> socket.AddressFamily:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


class Dialer:
    """Opens connections. Reads the trusted certificates once, where TLS is used.

    `connect` opens the TCP connection; one that raises OSError refuses the address.
    """

    def __init__(
        self,
        *,
        connect: Connect = connect_tcp,
        ssl_context: ssl.SSLContext | None = None,
        pause_s: float = 0.1,
    ) -> None:
        self._connect = connect
        self._given_ssl_context = ssl_context
        self._pause_s = pause_s

    def dial(
        self, origin: Origin, limits: Limits, *, wanted: Callable[[], bool]
    ) -> Connection:
        """Return a fresh connection, after a second try where the first may pass.

        `wanted` says before that one whether anybody still waits.
        """
        try:
            return self._dialed(origin, limits)
        except _PASSING:
            time.sleep(self._pause_s)
            if not wanted():
                raise
            return self._dialed(origin, limits)

    def _dialed(self, origin: Origin, limits: Limits) -> Connection:
        scheme, host, port = origin
        sock = self._connect(host, port, limits.within(limits.connect))
        try:
            for option in _SOCKET_OPTIONS:
                sock.setsockopt(*option)
            if scheme == "https":
                sock.settimeout(limits.within(limits.connect))
                sock = self._encrypt(sock, host)
        except BaseException:
            sock.close()
            raise
        return Connection(sock, origin)

    def _encrypt(self, sock: socket.socket, host: str) -> ssl.SSLSocket:
        encrypted = self._ssl_context.wrap_socket(
            sock,
            server_hostname=host,
            do_handshake_on_connect=False,
            # An end without TLS's own goodbye may be somebody cutting the answer.
            suppress_ragged_eofs=False,
        )
        try:
            encrypted.do_handshake()
        except BaseException:
            encrypted.close()
            raise
        return encrypted

    @functools.cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        # Reading the certificates takes 16 ms: once, and only where TLS is used.
        return self._given_ssl_context or ssl.create_default_context()
