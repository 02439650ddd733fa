"""A provider's row as the hot path reads it, with its keys in the clear."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable

from routing.errors import ConfigurationError
from routing.models import Provider, ProviderKey
from routing.providers import ADAPTERS
from routing.quirks import USUAL, with_said
from routing.types import AccountKey, ProviderConfig

logger = logging.getLogger(__name__)

OWN_KEY = "own"


def provider_config(
    row: Provider, further_keys: Iterable[ProviderKey] | None = None
) -> ProviderConfig:
    """Return the provider of `row` as the hot path reads it, its keys in the clear.

    `further_keys` are those of the provider, where the caller has them: else they are
    queried. One that cannot be read is left out, and the log says so.
    """
    key, trouble = _own_key(row)
    own = [_account_key(OWN_KEY, key, 1)] if key else []
    if further_keys is None:
        further_keys = row.further_keys.all() if row.pk else ()
    keys = own + [
        _account_key(further.name, secret, further.weight)
        for further in further_keys
        if further.enabled and (secret := _read(row, further))
    ]
    home = keys[0].secret if keys else ""
    adapter = ADAPTERS.get(row.kind)
    return ProviderConfig(
        name=row.name,
        kind=row.kind,
        base_url=row.base_url.rstrip("/"),
        api_key=home,
        keys=tuple(keys) if len(keys) > 1 else (),
        trouble="" if home else trouble,
        takes_client_credentials=row.takes_client_credentials,
        priority=row.priority,
        dialect=adapter.dialect if adapter else "anthropic",
        quirks=with_said(adapter.quirks if adapter else USUAL, row.quirks),
    )


def _account_key(name: str, secret: str, weight: int) -> AccountKey:
    identity = hashlib.sha256(secret.encode()).hexdigest()[:16]
    return AccountKey(id=identity, name=name, secret=secret, weight=weight)


def _read(row: Provider, further: ProviderKey) -> str:
    try:
        return further.key()
    except ConfigurationError as error:
        logger.warning("provider %s, key %s: %s", row.name, further.name, error.message)
        return ""


def _own_key(row: Provider) -> tuple[str, str]:
    try:
        key = row.key()
    except ConfigurationError as error:
        logger.warning("provider %s: %s", row.name, error.message)
        return "", _told_to_clients(row, error.message)
    if row.key_reference and not key:
        trouble = (
            f"The provider {row.name} has no API key: "
            f"{row.key_reference} holds nothing."
        )
        return "", _told_to_clients(row, trouble)
    return key, ""


def _told_to_clients(row: Provider, trouble: str) -> str:
    """Return `trouble`, but no path of this machine: that is for the log alone."""
    if row.key_reference.startswith("file:"):
        return f"The provider {row.name} has no usable key: the log says why."
    return trouble
