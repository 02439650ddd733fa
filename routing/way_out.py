"""How we leave this machine: guarded, by the egress proxy of the settings if any."""

from __future__ import annotations

import ssl

import certifi
from django.conf import settings

from routing.providers.dialing import Connect
from routing.providers.egress import EgressProxy, MayBePrivate, guarded, through
from routing.providers.transport import PooledTransport


def transport(may_be_private: MayBePrivate) -> PooledTransport:
    """Return a transport that goes where the settings and `may_be_private` let it."""
    return PooledTransport(connect=_connect(may_be_private), ssl_context=trusted())


def _connect(may_be_private: MayBePrivate) -> Connect:
    direct = guarded(may_be_private)
    if not settings.CASCADE_EGRESS_PROXY:
        return direct
    proxy = EgressProxy.at(settings.CASCADE_EGRESS_PROXY)
    return through(proxy, may_be_private, direct=direct)


def trusted() -> ssl.SSLContext:
    """Trust what this machine trusts, and certifi's roots where it has none.

    With `CASCADE_CA_BUNDLE`: what is in it, and nothing else.
    """
    if settings.CASCADE_CA_BUNDLE:
        return ssl.create_default_context(cafile=settings.CASCADE_CA_BUNDLE)
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
