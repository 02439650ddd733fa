"""Keys: how client keys are made and recognised, how provider keys are kept.

Client keys are random, shown once, and stored as an HMAC under a pepper of their own;
provider keys are references or MultiFernet tokens under `FIELD_KEYS`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from metrics import keys
from routing.errors import ConfigurationError

CLIENT_KEY_START = "cp_live_"


def new_client_key() -> str:
    """Return a new client key: `cp_live_`, 32 random bytes and a checksum."""
    return keys.new_key(CLIENT_KEY_START)


def looks_mistyped(key: str) -> bool:
    """Return whether `key` claims to be one of ours but its checksum is wrong."""
    return keys.looks_mistyped(key, CLIENT_KEY_START)


def client_key_digest(key: str) -> str:
    """Return the hex HMAC-SHA256 of the whole `key` under the pepper."""
    return keys.digest(key)


def client_key_prefix(key: str) -> str:
    """Return how `key` begins, enough to recognise it and useless to guess it."""
    return keys.prefix(key, CLIENT_KEY_START)


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


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.FIELD_KEYS))


@cache
def _fernet_of(field_keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in field_keys])
    except ValueError:
        raise ConfigurationError(
            "FIELD_KEYS must hold one or more Fernet keys, the newest first."
        ) from None
