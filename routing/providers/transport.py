"""How HTTP requests reach providers: httpx's transport interface over our own pool.

httpx's own pool walks all its connections for every call, which costs milliseconds of
CPU at a hundred of them, and hands bytes left over after one answer to the next call.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import h11
import httpx

from routing.providers.sockets import Connection, Limits, Origin, SocketPool
from routing.types import Ticket
from routing.watch import WatchTicket

Connect = Callable[[str, int, float | None], socket.socket]
_T = TypeVar("_T")

_DEFAULT_PORTS = {"http": 80, "https": 443}
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


class PooledTransport(httpx.BaseTransport):
    """Sends requests over HTTP/1.1 connections that it keeps and reuses.

    No redirects, no proxies from the environment, no HTTP/2. Safe for threads and for
    greenlets. A request may carry two extensions: `timeout`, httpx's own four plus
    `total`, seconds for the whole call with its body; and `ticket`, the `Ticket` of
    the client the call is for.

    `connect` opens the TCP connection; one that raises OSError refuses the address.
    """

    def __init__(
        self,
        *,
        connect: Connect = connect_tcp,
        ssl_context: ssl.SSLContext | None = None,
        idle_limit_s: float = 20.0,
        max_idle: int = 512,
    ) -> None:
        self._connect = connect
        self._given_ssl_context = ssl_context
        self._pool = SocketPool(idle_limit_s=idle_limit_s, max_idle=max_idle)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer as soon as its headers are here; its stream is the body.

        The stream yields the bytes as they came, still in `content-encoding`; whoever
        takes the response closes it. The connection is reused only when the body was
        read to its end.

        A request is sent a second time only when it went out on a reused connection,
        not a byte came back and the client is still there: the server had closed an
        idle connection.

        Raises:
            httpx.TimeoutException: ConnectTimeout, WriteTimeout or ReadTimeout.
            httpx.NetworkError: ConnectError or ReadError; also when the client left.
            httpx.ProtocolError: what either side said is not HTTP, or was cut off.
        """
        call = _call_of(request)
        idle = self._pool.take(call.origin)
        if idle is not None:
            try:
                return _Exchange(call, idle, self._pool).begin()
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                if idle.answered or call.ticket.gone:
                    raise
        return _Exchange(call, self._open(call), self._pool).begin()

    def close(self) -> None:
        """Close the idle connections; those in use close when their call ends."""
        self._pool.close()

    def _open(self, call: _Call) -> Connection:
        try:
            return Connection(self._connected_socket(call), call.origin)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error), request=call.request) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error), request=call.request) from error

    def _connected_socket(self, call: _Call) -> socket.socket:
        scheme, host, port = call.origin
        limits = call.limits
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
        return sock

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A request in the terms of a connection; the same for both attempts."""

    request: httpx.Request
    origin: Origin
    head: h11.Request
    body: bytes
    limits: Limits
    ticket: Ticket


def _call_of(request: httpx.Request) -> _Call:
    try:
        head = h11.Request(
            method=request.method,
            target=request.url.raw_path,
            headers=request.headers.raw,
        )
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error), request=request) from error
    ticket: Ticket = request.extensions.get("ticket") or WatchTicket()
    if ticket.gone:
        raise httpx.ReadError("the client has left", request=request)
    return _Call(
        request=request,
        origin=_origin_of(request.url),
        head=head,
        body=request.read(),
        limits=_limits_of(request),
        ticket=ticket,
    )


def _origin_of(url: httpx.URL) -> Origin:
    port = url.port or _DEFAULT_PORTS.get(url.scheme)
    if port is None or url.scheme not in _DEFAULT_PORTS or not url.host:
        raise httpx.UnsupportedProtocol(f"not an http(s) address: {url}")
    return url.scheme, url.raw_host.decode("ascii"), port


def _limits_of(request: httpx.Request) -> Limits:
    timeout = request.extensions.get("timeout", {})
    total = timeout.get("total")
    return Limits(
        connect=timeout.get("connect"),
        read=timeout.get("read"),
        write=timeout.get("write"),
        deadline=None if total is None else time.monotonic() + total,
    )


class _Exchange(httpx.SyncByteStream):
    """One request on one connection, which it owns; then the body of the answer."""

    def __init__(self, call: _Call, connection: Connection, pool: SocketPool) -> None:
        self._call = call
        self._connection = connection
        self._pool = pool
        self._ended = False
        self._complete = False

    def begin(self) -> httpx.Response:
        """Return the response once its headers are here; closes on any failure."""
        try:
            self._call.ticket.bind(self._connection.sock)
            self._send()
            head = self._receive(self._connection.read_head)
        except BaseException:
            self.close()
            raise
        return httpx.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=self,
            request=self._call.request,
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": head.reason},
        )

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body as it arrives. Leaving before its end closes the socket."""
        try:
            while not self._ended:
                chunk = self._receive(self._connection.read_body)
                # Before the last yield: few readers come back just to see the end.
                if self._connection.complete:
                    self._end()
                if chunk:
                    yield chunk
            if not self._complete:
                raise httpx.StreamClosed
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection unless it was given back; doing it twice is fine."""
        if not self._ended:
            self._ended = True
            self._call.ticket.unbind()
            self._connection.close()

    def _end(self) -> None:
        self._ended = self._complete = True
        # Unbind first: the ticket must not shut a socket that serves the next call.
        self._call.ticket.unbind()
        if self._connection.renew() and not self._call.ticket.gone:
            self._pool.give(self._connection)
        else:
            self._connection.close()

    def _send(self) -> None:
        call = self._call
        try:
            self._connection.send(call.head, call.body, call.limits)
        except TimeoutError as error:
            raise httpx.WriteTimeout(str(error), request=call.request) from error
        except OSError as error:
            raise httpx.WriteError(str(error), request=call.request) from error
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error), request=call.request) from error

    def _receive(self, read: Callable[[Limits], _T]) -> _T:
        call = self._call
        try:
            received = read(call.limits)
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error), request=call.request) from error
        except OSError as error:
            raise httpx.ReadError(str(error), request=call.request) from error
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error), request=call.request) from error
        # A socket shut for the client's sake reads like a body that ends with it.
        if call.ticket.gone:
            raise httpx.ReadError("the client has left", request=call.request)
        return received
