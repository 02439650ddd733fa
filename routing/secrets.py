"""Keys: how client keys are made and recognised, how provider keys are kept.

Client keys are random, shown once, and stored as an HMAC under a pepper of their own;
provider keys are references or MultiFernet tokens under `FIELD_KEYS`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from metrics.identifiers import base62
from routing.errors import ConfigurationError

CLIENT_KEY_START = "cp_live_"
SECRET_LENGTH = 43
CHECKSUM_LENGTH = 6


def new_client_key() -> str:
    """Return `cp_live_`, 32 random bytes and a checksum, both in base 62.

    The checksum lets secret scanners and us tell a typing error from a wrong key.
    """
    secret = base62(secrets.randbits(256), SECRET_LENGTH)
    return CLIENT_KEY_START + secret + _checksum(secret)


def looks_mistyped(key: str) -> bool:
    """Return whether `key` claims to be one of ours but its checksum is wrong."""
    if not key.startswith(CLIENT_KEY_START):
        return False
    body = key[len(CLIENT_KEY_START) :]
    secret, checksum = body[:SECRET_LENGTH], body[SECRET_LENGTH:]
    return not hmac.compare_digest(_checksum(secret).encode(), checksum.encode())


def client_key_digest(key: str) -> str:
    """Return the hex HMAC-SHA256 of the whole `key` under the pepper."""
    pepper = settings.CASCADE_KEY_PEPPER.encode()
    return hmac.new(pepper, key.encode(), hashlib.sha256).hexdigest()


def client_key_prefix(key: str) -> str:
    """Return how `key` begins, enough to recognise it and useless to guess it.

    Keys of our own make show 8 characters of their secret; a key somebody chose
    shows a quarter of itself at most.
    """
    if key.startswith(CLIENT_KEY_START):
        return key[: len(CLIENT_KEY_START) + 8]
    return key[: min(8, len(key) // 4)]


def encrypt(key: str) -> str:
    """Return `key` as a Fernet token under the first of `FIELD_KEYS`.

    Raises ConfigurationError when `FIELD_KEYS` is empty or malformed.
    """
    return _fernet().encrypt(key.encode()).decode()


def decrypt(token: str) -> str:
    """Return the key inside `token`.

    Raises ConfigurationError when none of `FIELD_KEYS` opens it: a wrong key must
    never be taken for a provider key and sent out.
    """
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken:
        raise ConfigurationError(
            "A stored provider key does not open with FIELD_KEYS. Put back the key it "
            "was stored with, or set the provider's key again."
        ) from None


def rotated(token: str) -> str:
    """Return the key inside `token` as a new token under the first of `FIELD_KEYS`.

    Raises ConfigurationError as `decrypt` does.
    """
    return encrypt(decrypt(token))


def resolve(reference: str) -> str:
    """Return the key behind `env:NAME` or `file:PATH`; "" when the name is not set.

    Raises ConfigurationError for an unreadable file or another kind of reference.
    """
    kind, _, where = reference.partition(":")
    if kind == "env":
        return str(settings.PROVIDER_KEYS.get(where, ""))
    if kind == "file":
        try:
            return Path(where).read_text().strip()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise ConfigurationError(
                f"The key file {where} cannot be read: {why}."
            ) from None
    raise ConfigurationError(
        "A key reference begins with env: or file:, such as env:ANTHROPIC_API_KEY."
    )


def _checksum(secret: str) -> str:
    return base62(zlib.crc32(secret.encode()), CHECKSUM_LENGTH)


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.FIELD_KEYS))


@cache
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ConfigurationError(
            "FIELD_KEYS must hold one or more Fernet keys, the newest first."
        ) from None
