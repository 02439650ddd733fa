"""One client's connection to us and, through it, to providers."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from routing import hops, hosts, validators, way_out
from routing.providers import Providers
from routing.providers.base import Timeouts
from routing.snapshot import holder
from routing.watch import ClientWatch


def may_be_private(host: str) -> bool:
    """Return whether a setting or a provider's row lets `host` be a private one."""
    return validators.is_listed(host) or hosts.bare(host) in holder.private_hosts


_transport = way_out.transport(may_be_private)
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
        self.upstream = Providers(
            _transport,
            ticket=self._ticket,
            timeouts=timeouts,
            hop=hops.onward(environ.get(hops.VARIABLE, "")),
        )

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
