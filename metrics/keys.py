"""Keys of our own making: random, shown once, kept as a digest under a pepper."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib

from django.conf import settings

from metrics.identifiers import base62

SECRET_LENGTH = 43
CHECKSUM_LENGTH = 6
SHOWN_LENGTH = 8


def new_key(start: str) -> str:
    """Return `start`, 32 random bytes and a checksum, both in base 62.

    The checksum lets secret scanners and us tell a typing error from a wrong key.
    """
    secret = base62(secrets.randbits(256), SECRET_LENGTH)
    return start + secret + _checksum(secret)


def looks_mistyped(key: str, start: str) -> bool:
    """Return whether `key` claims to be one of ours but its checksum is wrong."""
    if not key.startswith(start):
        return False
    body = key[len(start) :]
    secret, checksum = body[:SECRET_LENGTH], body[SECRET_LENGTH:]
    return not hmac.compare_digest(_checksum(secret).encode(), checksum.encode())


def digest(key: str) -> str:
    """Return the hex HMAC-SHA256 of the whole `key` under the pepper."""
    pepper = settings.CASCADE_KEY_PEPPER.encode()
    return hmac.new(pepper, key.encode(), hashlib.sha256).hexdigest()


def prefix(key: str, start: str) -> str:
    """Return how `key` begins, enough to recognise it and useless to guess it.

    Keys of our own make show 8 characters of their secret; a key somebody chose
    shows a quarter of itself at most.
    """
    if key.startswith(start):
        return key[: len(start) + SHOWN_LENGTH]
    return key[: min(SHOWN_LENGTH, len(key) // 4)]


def _checksum(secret: str) -> str:
    return base62(zlib.crc32(secret.encode()), CHECKSUM_LENGTH)
