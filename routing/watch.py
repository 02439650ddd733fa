"""Notices clients that hang up, and shuts the upstream sockets that worked for them.

A worker that waits for a provider does not look at its client, so a call nobody waits
for would run, and be billed, to its end. One epoll per process watches all clients.

A client that only half-closes counts as gone: TCP cannot tell the two apart. Works on
Linux; elsewhere every client seems to stay.
"""

from __future__ import annotations

import _socket
import contextlib
import os
import select
import socket
import sys
import threading
from typing import Any

import gevent
from gevent.monkey import get_original, is_module_patched
from gevent.socket import wait_read

from routing.ticket import Ticket

UNWATCHED = -1
_poll = get_original("select", "poll")


class WatchTicket:
    """The link from a client to the upstream sockets it waits on.

    They are several while a draft and a second opinion are asked at once. Without a
    watched `fd` only `leave` ends it.
    """

    __slots__ = ("_lock", "_upstreams", "fd", "gone")

    def __init__(self, fd: int = UNWATCHED) -> None:
        self.fd = fd
        self.gone = False
        self._upstreams: list[Any] = []
        self._lock = threading.Lock()

    def bind(self, sock: Any) -> None:
        """Shut `sock` down when the client leaves; at once when it has left."""
        with self._lock:
            self._upstreams.append(sock)
            if self.gone:
                _shut_down(sock)

    def unbind(self, sock: Any) -> None:
        """Forget `sock`. Once this returns nothing will shut it down."""
        with self._lock:
            self._upstreams = [bound for bound in self._upstreams if bound is not sock]

    def leave(self) -> None:
        """Mark the client as gone and wake whoever waits on an upstream socket."""
        with self._lock:
            self.gone = True
            for sock in self._upstreams:
                _shut_down(sock)


class BranchTicket:
    """A ticket for calls of a client that may be left while it stays."""

    def __init__(self, trunk: Ticket) -> None:
        self._trunk, self._own = trunk, WatchTicket()

    @property
    def gone(self) -> bool:
        """Whether the client has left, or these calls were."""
        return self._own.gone or self._trunk.gone

    def bind(self, sock: Any) -> None:
        """Shut `sock` down when either leaves; at once when one has."""
        self._trunk.bind(sock)
        self._own.bind(sock)

    def unbind(self, sock: Any) -> None:
        """Forget `sock`. Once this returns nothing will shut it down."""
        self._own.unbind(sock)
        self._trunk.unbind(sock)

    def leave(self) -> None:
        """Shut down what these calls wait on, and nothing else of the client's."""
        self._own.leave()


class ClientWatch:
    """Hands out a ticket per client; starts its loop in the process that first asks.

    Not sooner: before the fork it is not known whether greenlets or threads serve.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: _EpollLoop | None = None

    def add(self, sock: socket.socket | None) -> Ticket:
        """Return a ticket for the client behind `sock`; `remove` it before it closes.

        None, or a platform without epoll, gives a ticket nobody watches.
        """
        if sock is None or sys.platform != "linux":
            return WatchTicket()
        return self._running_loop().add(sock.fileno())

    def remove(self, ticket: Ticket) -> None:
        """Stop watching; doing it twice is fine."""
        loop = self._loop
        if loop is not None and isinstance(ticket, WatchTicket):
            loop.remove(ticket)

    def _running_loop(self) -> _EpollLoop:
        loop = self._loop
        if loop is not None and loop.pid == os.getpid():
            return loop
        with self._lock:
            if self._loop is None or self._loop.pid != os.getpid():
                self._loop = _EpollLoop()
                self._loop.start()
            return self._loop


class _EpollLoop:
    """The watched clients of this process, by file descriptor."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._lock = threading.Lock()
        self._tickets: dict[int, WatchTicket] = {}
        # gevent takes epoll out of the select module.
        self._epoll = get_original("select", "epoll")()
        self._mask = select.EPOLLRDHUP | select.EPOLLONESHOT

    def start(self) -> None:
        """Begin to watch, in a greenlet where sockets are gevent's, else a thread."""
        if is_module_patched("socket"):
            gevent.spawn(self._run_in_greenlet)
        else:
            threading.Thread(
                target=self._run_in_thread, name="client-watch", daemon=True
            ).start()

    def add(self, fd: int) -> WatchTicket:
        """Return the ticket under which `fd` is watched from now on."""
        ticket = WatchTicket(fd)
        with self._lock:
            self._tickets[fd] = ticket
            try:
                self._epoll.register(fd, self._mask)
            except FileExistsError:  # its last ticket was never removed
                self._epoll.modify(fd, self._mask)
        return ticket

    def remove(self, ticket: WatchTicket) -> None:
        """Stop watching for `ticket`, unless its number went to another client."""
        with self._lock:
            if self._tickets.get(ticket.fd) is ticket:
                del self._tickets[ticket.fd]
                with contextlib.suppress(OSError):  # closed already
                    self._epoll.unregister(ticket.fd)

    def _run_in_greenlet(self) -> None:
        while True:
            wait_read(self._epoll.fileno())
            self._handle(self._epoll.poll(0))

    def _run_in_thread(self) -> None:
        while True:
            self._handle(self._epoll.poll())

    def _handle(self, events: list[tuple[int, int]]) -> None:
        for fd, _ in events:
            with self._lock:
                ticket = self._tickets.get(fd)
                if ticket is None:
                    continue
                if _hung_up(fd):
                    ticket.leave()
                else:  # the event was for a client that had this number before
                    self._rearm(fd)

    def _rearm(self, fd: int) -> None:
        with contextlib.suppress(OSError):  # closed meanwhile
            self._epoll.modify(fd, self._mask)


def _hung_up(fd: int) -> bool:
    poller = _poll()
    poller.register(fd, select.POLLRDHUP)
    return bool(poller.poll(0))


def _shut_down(sock: Any) -> None:
    # The plain shutdown of the kernel socket wakes greenlets and threads alike. That
    # of an SSLSocket would also drop its TLS state under a reader, and close() would
    # free a number that another thread may get while the reader still uses it.
    kernel_socket = getattr(sock, "_sock", sock)
    if isinstance(kernel_socket, _socket.socket):  # gevent swaps closed ones out
        with contextlib.suppress(OSError):
            _socket.socket.shutdown(kernel_socket, socket.SHUT_RDWR)
