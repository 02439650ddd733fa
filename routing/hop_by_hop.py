"""Headers that are about one connection, and end with it."""

from __future__ import annotations

# Source: RFC 9110, 7.6.1; content-length is restored by whoever sends the body on.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def named_in(connection: str) -> frozenset[str]:
    """Return the headers that the value of a header `connection` says are as well."""
    return frozenset(name.strip().lower() for name in connection.split(","))
