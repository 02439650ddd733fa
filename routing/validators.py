"""What an operator may type into a field, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from routing import hosts
from routing.dialects.headers import CREDENTIAL_HEADERS

# Model names hold letters, digits and these; Bedrock's and Ollama's hold a colon.
MODEL_NAME = re.compile(r"[\w.:/@+\-\[\]]+")
MAX_NAME_CHARS = 64
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9\-_.]*[a-z0-9])?", re.IGNORECASE)

# Of what a header's name may hold, an underscore never gets through a server.
HEADER_NAME = re.compile(r"[a-z0-9!#$%&'+.^`|~-]+")


def model_name(value: str) -> None:
    """Refuse what is not the name of one model."""
    if "*" in value:
        raise ValidationError("Name one model: a pattern with * is not possible here.")
    _refuse_odd_characters(value)


def model_pattern(value: str) -> None:
    """Refuse what is neither a model name nor a pattern whose wildcard is `*`."""
    if "**" in value:
        raise ValidationError("Write one * where there are several in a row.")
    if value != "*":
        _refuse_odd_characters(value.replace("*", ""))


def model_patterns(value: str) -> None:
    """Refuse lines of which one is neither a model name nor a pattern."""
    for line in pattern_lines(value):
        model_pattern(line)


def name_patterns(value: str) -> None:
    """Refuse lines of which one is longer than any name."""
    for line in pattern_lines(value):
        if len(line) > MAX_NAME_CHARS:
            raise ValidationError(f"No name is so long: {line[:80]}")


def pattern_lines(value: str) -> list[str]:
    """Return the lines that are not blank, without the space around them."""
    return [line.strip() for line in value.splitlines() if line.strip()]


def base_url(value: str) -> None:
    """Refuse what is not a plain http or https address."""
    url = _split(value)
    if url.scheme not in {"http", "https"}:
        raise ValidationError(
            "Begin with https:// (or http:// for a server on your own machine)."
        )
    if url.username is not None or url.password is not None:
        raise ValidationError("Leave user and password out: the key has its own field.")
    if url.query or url.fragment or "?" in value or "#" in value:
        raise ValidationError("Leave out everything from ? or # on.")
    host = url.hostname or ""
    if not (HOST_NAME.fullmatch(host) or ":" in host):
        raise ValidationError("Name a host, such as https://api.anthropic.com.")


def header_patterns(value: str) -> None:
    """Refuse lines that are not `name: pattern`, and headers that carry keys."""
    for name, pattern in header_lines(value):
        if not pattern or not HEADER_NAME.fullmatch(name):
            raise ValidationError(
                f"{name[:80]} is no header with a pattern: write a name, a colon and a "
                "pattern, such as x-app: cli*. The name has no * and no _ in it."
            )
        if name in CREDENTIAL_HEADERS:
            raise ValidationError(f"{name} carries a key: choose another header.")


def header_lines(value: str) -> Iterator[tuple[str, str]]:
    """Yield name, in lower case, and pattern of each line that is not blank."""
    for line in value.splitlines():
        if line.strip():
            name, _, pattern = line.partition(":")
            yield name.strip().lower(), pattern.strip()


def key_reference(value: str) -> None:
    """Refuse a reference that cannot be followed; "" is none and is fine."""
    kind, _, where = value.partition(":")
    if kind == "file" and where.startswith("/"):
        return
    if kind == "env" and where in settings.PROVIDER_KEYS:
        return
    if kind == "env" and where:
        raise ValidationError(
            f"{where} is not among the variables that hold provider keys. Add it to "
            "CASCADE_PROVIDER_KEY_NAMES in .env and start again."
        )
    raise ValidationError(
        "Write env:NAME, such as env:ANTHROPIC_API_KEY, or file: and a whole path, "
        "such as file:/run/secrets/anthropic."
    )


def host_of(url: str) -> str:
    """Return the host of `url` in lower case, "" when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of `url`: where a key sent there ends up."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return parts.scheme, parts.hostname or "", port
    except ValueError:
        return "", url, None


def is_listed(host: str) -> bool:
    """Return whether `CASCADE_PRIVATE_UPSTREAMS` names `host`, in any spelling."""
    spellings = {hosts.bare(host), str(hosts.address_of(host))}
    return any(
        hosts.bare(entry) in spellings for entry in settings.CASCADE_PRIVATE_UPSTREAMS
    )


def is_private_url(url: str) -> bool:
    """Return whether the host of `url` looks private."""
    return hosts.is_private(host_of(url))


def _split(value: str) -> SplitResult:
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError as error:
        raise ValidationError(f"This is not a web address: {error}.") from None
    return url


def _refuse_odd_characters(value: str) -> None:
    if value and not MODEL_NAME.fullmatch(value):
        raise ValidationError(
            "A model name has no spaces and none of ?, {, } or quotes; * stands for "
            "any characters in patterns."
        )
