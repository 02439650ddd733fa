"""What a host name says about itself, without asking anybody. No Django here."""

from __future__ import annotations

import ipaddress

PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    name, address = _bare(host), _address(host)
    if address is not None:
        return address.is_loopback
    return name == "localhost" or name.endswith(".localhost")


def is_private(host: str) -> bool:
    """Return whether `host` names this machine or a private network by its form.

    A name without a dot is private: only a local resolver knows it. A public name
    that resolves to a private address is not seen here.
    """
    address = _address(host)
    if address is not None:
        return not address.is_global
    name = _bare(host)
    return name != "" and ("." not in name or name.endswith(PRIVATE_SUFFIXES))


def in_url(host: str) -> str:
    """Return `host` as a URL writes it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in _bare(host) else host


def _bare(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(_bare(host))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
