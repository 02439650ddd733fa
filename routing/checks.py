"""Start-up checks: a bad setting becomes an error with an id and a hint.

`proxy start` and `proxy run` run those of the tag `cascade` and refuse on an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import connection

from routing import alerting, allowed, secrets, validators
from routing.errors import ConfigurationError
from routing.models import Provider

TAG = "cascade"
# The lowest and the highest value of each.
RANGES = {
    "CASCADE_PORT": allowed.PORTS,
    "CASCADE_SIMULATOR_PORT": allowed.PORTS,
    "CASCADE_WORKERS": allowed.WORKERS,
    "CASCADE_THREADS": (1, 4096),
    "CASCADE_WORKER_CONNECTIONS": (1, 100_000),
    "CASCADE_WORKER_TIMEOUT_S": (5, 3600),
    "CASCADE_GRACEFUL_TIMEOUT_S": (0, 3600),
    "CASCADE_KEEPALIVE_S": (0, 3600),
    "CASCADE_SLOW_CLIENT_S": (1, 3600),
    "CASCADE_PROXIES_IN_FRONT": (0, 16),
    "AXES_FAILURE_LIMIT": (1, 1000),
    "SESSION_COOKIE_AGE": (3600, 30 * 24 * 3600),
    "CASCADE_HOLD_S": (0.1, 600),
    "CASCADE_PING_S": (0.1, 60),
    "CASCADE_MAX_BODY_BYTES": (1024, 1024**3),
    "CASCADE_UPSTREAM_CONNECT_S": (0.1, 60),
    "CASCADE_UPSTREAM_READ_S": (1, 3600),
    "CASCADE_SNAPSHOT_POLL_S": (0.05, 1),
    "CASCADE_KEEPER_POLL_S": (0.05, 60),
    "CASCADE_RETENTION_DAYS": (0, 36_500),
    "CASCADE_TEXT_RETENTION_DAYS": (1, 36_500),
    "CASCADE_KEY_REQUESTS_PER_MINUTE": allowed.COUNTS,
    "CASCADE_KEY_TOKENS_PER_MINUTE": allowed.COUNTS,
    "CASCADE_KEY_CONCURRENT_REQUESTS": allowed.COUNTS,
    "CASCADE_KEY_USD_PER_DAY": allowed.COUNTS,
    "CASCADE_KEY_USD_PER_MONTH": allowed.COUNTS,
    "CASCADE_KEY_MAX_TOKENS": allowed.COUNTS,
    "CASCADE_KEY_MAX_BODY_BYTES": allowed.COUNTS,
    "CASCADE_KEY_SESSION_REQUESTS": allowed.COUNTS,
}
CHOICES = {
    "E001": ("CASCADE_AUTH_MODE", allowed.AUTH_MODES),
    "E002": ("CASCADE_WORKER_CLASS", allowed.WORKER_CLASSES),
}


@checks.register(TAG)
def check_choices(**_options: Any) -> list[checks.CheckMessage]:
    """Return an error for every setting with a value it does not know."""
    return [
        checks.Error(
            f"{name} is {getattr(settings, name)!r}.",
            hint=f"Set it to one of {', '.join(choices)}.",
            id=f"cascade.{number}",
        )
        for number, (name, choices) in CHOICES.items()
        if getattr(settings, name) not in choices
    ]


@checks.register(TAG)
def check_ranges(**_options: Any) -> list[checks.CheckMessage]:
    """Return an error for every number out of its range."""
    return [
        checks.Error(
            f"{name} is {getattr(settings, name)}.",
            hint=f"Set it to a number from {low} to {high}.",
            id="cascade.E003",
        )
        for name, (low, high) in RANGES.items()
        if not low <= getattr(settings, name) <= high
    ]


@checks.register(checks.Tags.security)
def check_open_server(**_options: Any) -> list[checks.CheckMessage]:
    """Return an error when anybody could spend the provider keys.

    Not of the tag `cascade`: a start looks at its own options and file as well.
    """
    danger = allowed.danger(
        settings.CASCADE_AUTH_MODE,
        settings.CASCADE_HOST,
        allow_open=settings.CASCADE_ALLOW_OPEN,
    )
    hint = allowed.WHAT_TO_DO_IF_OPEN
    return [checks.Error(danger, hint=hint, id="cascade.E004")] if danger else []


@checks.register(TAG)
def check_simulator(**_options: Any) -> list[checks.CheckMessage]:
    """Return an error for a simulator that is neither a word we know nor an address."""
    value = settings.CASCADE_SIMULATOR
    host, _, port = value.rpartition(":")
    low, high = allowed.PORTS
    is_address = host and port.isdecimal() and low <= int(port) <= high
    if value in {"auto", "off"} or is_address:
        return []
    return [
        checks.Error(
            f"CASCADE_SIMULATOR is {value!r}.",
            hint="Set it to auto, off or an address: 127.0.0.1:18400.",
            id="cascade.E007",
        )
    ]


@checks.register(TAG)
def check_field_keys(**_options: Any) -> list[checks.CheckMessage]:
    """Return an error when provider keys could not be stored or read."""
    try:
        secrets.decrypt(secrets.encrypt("x"))
    except ConfigurationError:
        return [
            checks.Error(
                "FIELD_KEYS is empty or holds something that is no Fernet key.",
                hint="Put back the keys it had, or empty it in .env: `make run` fills "
                "it again. Stored provider keys open with the old ones only.",
                id="cascade.E005",
            )
        ]
    return []


@checks.register(TAG)
def check_private_upstreams(**_options: Any) -> list[checks.CheckMessage]:
    """Return an error for an entry that is a URL and would never match a host."""
    return [
        checks.Error(
            f"CASCADE_PRIVATE_UPSTREAMS holds {entry!r}.",
            hint="Name hosts alone, without scheme, port or path.",
            id="cascade.E006",
        )
        for entry in settings.CASCADE_PRIVATE_UPSTREAMS
        if "/" in entry
    ]


@checks.register(TAG)
def check_webhook(**_options: Any) -> list[checks.CheckMessage]:
    """Return an error for a webhook that anybody could forge or read."""
    url = settings.CASCADE_ALERT_WEBHOOK_URL
    listed = validators.is_listed(validators.host_of(url))
    found: list[checks.CheckMessage] = []
    if url and not (url.startswith("https://") or listed):
        found.append(
            checks.Error(
                "CASCADE_ALERT_WEBHOOK_URL is no https address.",
                hint="Begin with https://, or list its host in "
                "CASCADE_PRIVATE_UPSTREAMS.",
                id="cascade.E008",
            )
        )
    secret = settings.CASCADE_ALERT_WEBHOOK_SECRET
    if url and len(secret) < alerting.MIN_SECRET_CHARS:
        found.append(
            checks.Error(
                "CASCADE_ALERT_WEBHOOK_SECRET is empty or short.",
                hint=f"Set it to {alerting.MIN_SECRET_CHARS} random characters or "
                "more: alerts are signed with it.",
                id="cascade.E009",
            )
        )
    return found


@checks.register(checks.Tags.database)
def check_providers(**options: Any) -> list[checks.CheckMessage]:
    """Return what is wrong with the providers of the database, if it has any yet."""
    if "default" not in (options.get("databases") or ()):
        return []
    if Provider._meta.db_table not in connection.introspection.table_names():
        return []
    rows = Provider.objects.filter(enabled=True)
    return [message for row in rows for message in _provider_messages(row)]


def _provider_messages(row: Provider) -> Iterator[checks.CheckMessage]:
    listed = validators.is_listed(validators.host_of(row.base_url))
    allowed_here = row.private_allowed or listed
    if row.base_url.startswith("http://") and not allowed_here:
        yield checks.Warning(
            f"The provider {row.name} is reached over http://: its key and all prompts "
            "travel in the clear.",
            hint="Change its base URL to https://.",
            id="cascade.W001",
        )
    try:
        row.key()
    except ConfigurationError as error:
        yield checks.Warning(
            f"The key of the provider {row.name} cannot be read. {error.message}",
            hint="Set the key again in the admin.",
            id="cascade.W002",
        )
