"""What a host name or address says about itself, without asking anybody. No Django.

An address is judged by what is reached through it: an IPv4 address that stands inside
an IPv6 one counts as itself.
"""

from __future__ import annotations

import ipaddress
import re
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")

# Where clouds tell machines their own secrets. Link-local ones need no mention.
# Source: the manuals of Amazon EC2 (IPv6), Alibaba Cloud and Azure.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16"))
)
# Source: RFC 6052 and RFC 4291, 2.5.5.1: IPv4 in the last 32 bits.
_HOLDS_IPV4 = (
    ipaddress.IPv6Network("64:ff9b::/96"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("::/96"),
)
_LOW_32_BITS = 0xFFFF_FFFF
# What resolvers take for an IPv4 address: decimal, octal or hex, of one to four parts.
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    name, address = bare(host), address_of(host)
    if address is not None:
        return address.is_loopback
    return name == "localhost" or name.endswith(".localhost")


def is_private(host: str) -> bool:
    """Return whether `host` names this machine or a private network by its form.

    A name without a dot is private: only a local resolver knows it. A public name
    that resolves to a private address is seen when it is connected to.
    """
    address = address_of(host)
    if address is not None:
        return not address.is_global
    name = bare(host)
    return name != "" and ("." not in name or name.endswith(PRIVATE_SUFFIXES))


def is_forbidden(address: Address) -> bool:
    """Return whether no provider can be at `address`, whatever an operator says.

    Link-local addresses and others where clouds keep secrets, and those of groups.
    """
    address = inner(address)
    return address.is_link_local or address.is_multicast or address in _METADATA


def in_url(host: str) -> str:
    """Return `host` as a URL writes it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in bare(host) else host


def bare(host: str) -> str:
    """Return `host` in lower case, without brackets and a final dot."""
    return host.strip("[]").rstrip(".").lower()


def address_of(host: str) -> Address | None:
    """Return the address that `host` spells, in any way; None when it is a name.

    Resolvers read 2852039166, 0xa9fea9fe and 0251.0376.0251.0376 as 169.254.169.254.
    """
    name = bare(host)
    try:
        if _NUMERIC.fullmatch(name):
            return ipaddress.IPv4Address(socket.inet_aton(name))
        return inner(ipaddress.ip_address(name))
    except (ValueError, OSError):
        return None


def inner(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 one; any other as it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    if address.teredo:
        return address.teredo[1]
    low = int(address) & _LOW_32_BITS
    if low > 1 and any(address in network for network in _HOLDS_IPV4):
        return ipaddress.IPv4Address(low)
    return address
