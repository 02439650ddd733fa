"""How HTTP requests reach providers: httpx's transport interface over our own pool.

httpx's own pool walks all its connections for every call, which costs milliseconds of
CPU at a hundred of them, and hands bytes left over after one answer to the next call.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import h11
import httpx

from routing.providers.dialing import Connect, Dialer, connect_tcp
from routing.providers.pool import SocketPool
from routing.providers.sockets import Connection, Limits, Origin
from routing.ticket import Ticket
from routing.watch import WatchTicket

_T = TypeVar("_T")

_DEFAULT_PORTS = {"http": 80, "https": 443}
# Source: RFC 9110, 9.2.1: they change nothing, so a second one does no harm.
_REPEATABLE = frozenset({"GET", "HEAD"})


class PooledTransport(httpx.BaseTransport):
    """Sends requests over HTTP/1.1 connections that it keeps and reuses.

    No redirects, no proxies from the environment, no HTTP/2. Safe for threads and for
    greenlets. A request may carry two extensions: `timeout`, httpx's own four plus
    `total`, seconds for the whole call with its body; and `ticket`, the `Ticket` of
    the client the call is for.

    `connect` opens the TCP connection; one that raises OSError refuses the address.
    `pause_s` goes by before a connection that failed is tried again.
    """

    def __init__(
        self,
        *,
        connect: Connect = connect_tcp,
        ssl_context: ssl.SSLContext | None = None,
        idle_limit_s: float = 20.0,
        max_idle: int = 512,
        pause_s: float = 0.1,
    ) -> None:
        self._dialer = Dialer(connect=connect, ssl_context=ssl_context, pause_s=pause_s)
        self._pool = SocketPool(idle_limit_s=idle_limit_s, max_idle=max_idle)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer as soon as its headers are here; its stream is the body.

        The stream yields the bytes as they came, still in `content-encoding`; whoever
        takes the response closes it. The connection is reused only when the body was
        read to its end.

        Only before the first byte of an answer, and while the client is there, is
        anything tried again, once: a connection that could not be opened; and a request
        on a reused connection, which the server had closed meanwhile. What was sent
        whole may have been worked on, and billed, so of those only GET and HEAD. A
        body that is a stream is never sent again: it is gone.

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
                if call.ticket.gone or not _may_repeat(call, idle):
                    raise
        return _Exchange(call, self._open(call), self._pool).begin()

    def close(self) -> None:
        """Close the idle connections; those in use close when their call ends."""
        self._pool.close()

    def _open(self, call: _Call) -> Connection:
        try:
            return self._dialer.dial(
                call.origin, call.limits, wanted=lambda: not call.ticket.gone
            )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error), request=call.request) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error), request=call.request) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A request in the terms of a connection; the same for both attempts."""

    request: httpx.Request
    origin: Origin
    head: h11.Request
    body: bytes | Iterator[bytes]
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
        body=_body_of(request),
        limits=_limits_of(request),
        ticket=ticket,
    )


def _body_of(request: httpx.Request) -> bytes | Iterator[bytes]:
    if isinstance(request.stream, httpx.ByteStream):
        return request.read()
    assert isinstance(request.stream, httpx.SyncByteStream)  # noqa: S101  ours always is
    return iter(request.stream)


def _may_repeat(call: _Call, used: Connection) -> bool:
    """Whether `call` can have had no effect, and can be sent again."""
    if used.answered or not isinstance(call.body, bytes):
        return False
    return call.request.method in _REPEATABLE or not used.sent


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
            self._call.ticket.unbind(self._connection.sock)
            self._connection.close()

    def _end(self) -> None:
        self._ended = self._complete = True
        # Unbind first: the ticket must not shut a socket that serves the next call.
        self._call.ticket.unbind(self._connection.sock)
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
        except h11.RemoteProtocolError as error:  # it spoke before the end of a stream
            raise httpx.RemoteProtocolError(str(error), request=call.request) from error

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
