"""One client's connection to us and, through it, to providers."""

from __future__ import annotations

import ssl
from typing import Any

import certifi
from django.conf import settings

from routing import hops, hosts, validators
from routing.providers import Providers
from routing.providers.base import Timeouts
from routing.providers.dialing import Connect
from routing.providers.egress import EgressProxy, guarded, through
from routing.providers.transport import PooledTransport
from routing.snapshot import holder
from routing.watch import ClientWatch


def _trusted() -> ssl.SSLContext:
    """Trust what this machine trusts, and certifi's roots where it has none.

    With `CASCADE_CA_BUNDLE`: what is in it, and nothing else.
    """
    if settings.CASCADE_CA_BUNDLE:
        return ssl.create_default_context(cafile=settings.CASCADE_CA_BUNDLE)
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def may_be_private(host: str) -> bool:
    """Return whether a setting or a provider's row lets `host` be a private one."""
    return validators.is_listed(host) or hosts.bare(host) in holder.private_hosts


def _way_out() -> Connect:
    direct = guarded(may_be_private)
    if not settings.CASCADE_EGRESS_PROXY:
        return direct
    proxy = EgressProxy.at(settings.CASCADE_EGRESS_PROXY)
    return through(proxy, may_be_private, direct=direct)


_transport = PooledTransport(connect=_way_out(), ssl_context=_trusted())
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
