"""One client's connection to us and, through it, to providers."""

from __future__ import annotations

import ssl
from typing import Any

import certifi
from django.conf import settings

from routing.providers import Providers
from routing.providers.base import Timeouts
from routing.providers.transport import PooledTransport
from routing.watch import ClientWatch


def _trusted() -> ssl.SSLContext:
    """Trust what this machine trusts, and certifi's roots where it has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


_transport = PooledTransport(ssl_context=_trusted())
_watch = ClientWatch()


class ClientConnection:
    """Watches the client while it waits; its upstream stops when the client leaves.

    Whoever made it releases it, before the server closes the client's socket.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        watched = settings.CASCADE_WATCH_CLIENTS
        sock = environ.get("gunicorn.socket") if watched else None
        self._ticket = _watch.add(sock)
        timeouts = Timeouts(
            connect_s=settings.CASCADE_UPSTREAM_CONNECT_S,
            read_s=settings.CASCADE_UPSTREAM_READ_S,
        )
        self.upstream = Providers(_transport, ticket=self._ticket, timeouts=timeouts)

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self._ticket.gone

    def abandon(self) -> None:
        """Take the client for gone, whoever noticed: its calls end, none begins."""
        self._ticket.leave()

    def release(self) -> None:
        """Stop watching; doing it twice is fine."""
        _watch.remove(self._ticket)
