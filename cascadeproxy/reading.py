"""How a variable becomes a setting: typed, or a loud failure that names it."""

from __future__ import annotations

import base64
import binascii
import os
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

REDIS_SCHEMES = ("redis", "rediss", "unix")
# How examples and generators of configuration begin what is to be replaced.
DEFAULTS = ("change-me", "changeme", "change_me", "django-insecure", "example")
FERNET_KEY_BYTES = 32
MAKE_RUN = "Run `make run` once: it writes a .env with fresh secrets."


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """The environment and `.env`; a value that cannot be used names its variable.

    Every method raises ImproperlyConfigured, never with a secret in its words.
    """

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        """Return the value of `var` in its type."""
        try:
            return super().get_value(var, *args, **options)
        except (ValueError, OSError) as error:
            raise ImproperlyConfigured(f"{var} cannot be used: {error}") from None

    def secret(self, name: str, *, min_length: int) -> str:
        """Return the secret `name`; a missing, default or short one is refused."""
        value = str(self.str(name, ""))
        if len(value) < min_length or _is_default(value):
            raise ImproperlyConfigured(
                f"{name} is missing, a default, or shorter than {min_length} "
                f"characters. {MAKE_RUN}"
            )
        return value

    def optional_secret(self, name: str, *, min_length: int) -> str:
        """Return the secret `name`, "" without one; what is there is no weak one."""
        value = str(self.str(name, ""))
        if value and (len(value) < min_length or _is_default(value)):
            raise ImproperlyConfigured(
                f"{name} is a default or shorter than {min_length} characters. Leave "
                "it empty, or make one: openssl rand -base64 32."
            )
        return value

    def fernet_keys(self, name: str) -> list[str]:
        """Return one or more Fernet keys, the newest first."""
        keys = [key.strip() for key in self.list(name, default=[])]
        if not keys:
            raise ImproperlyConfigured(f"{name} is missing. {MAKE_RUN}")
        for place, key in enumerate(keys, start=1):
            if not _is_fernet_key(key):
                raise ImproperlyConfigured(
                    f"{name}: number {place} is no Fernet key, which is 32 bytes in "
                    "base64. Put back what it was: stored provider keys open with it "
                    "alone."
                )
        return keys

    def one_of(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Return the setting `name`, which is one of `choices`."""
        value = str(self.str(name, default)).lower()
        if value not in choices:
            raise ImproperlyConfigured(
                f"{name} is {value!r}; it may be {', '.join(choices)}."
            )
        return value

    def redis_url(self, name: str) -> str:
        """Return the setting `name`, an address of Redis; "" when none is given."""
        url = str(self.str(name, ""))
        if url and not _is_address(url, REDIS_SCHEMES):
            raise ImproperlyConfigured(
                f"{name} is no address of Redis, such as redis://host:6379/0."
            )
        return url

    def egress_proxy(self, name: str) -> str:
        """Return the setting `name`, an HTTP proxy's address; "" when none is given."""
        url = str(self.str(name, ""))
        named = _is_address(url, ("http",)) and urlsplit(url).hostname
        if url and not (named and urlsplit(url).path in ("", "/")):
            raise ImproperlyConfigured(
                f"{name} is no address of a proxy, such as http://proxy.example:3128."
            )
        return url

    def ca_bundle(self, name: str) -> str:
        """Return the setting `name`, a file of certificates; "" when none is given."""
        path = str(self.str(name, ""))
        if path:
            try:
                ssl.create_default_context(cafile=path)
            except OSError:  # SSLError is one
                raise ImproperlyConfigured(
                    f"{name} is no file of certificates in PEM that can be read."
                ) from None
        return path


def memory_dir(base_dir: Path) -> Path:
    """Return a directory of our own in memory; under `base_dir` where there is none.

    Workers map the files of their metrics into memory. On a disk that is full the next
    page of such a file would be a signal that ends the process.
    """
    memory = Path("/dev/shm")  # noqa: S108  a name of our own is made below it
    if os.access(memory, os.W_OK | os.X_OK):
        return memory / f"cascadeproxy-{os.geteuid()}"
    return base_dir / "run"


def _is_default(value: str) -> bool:
    lowered = value.lower()
    return lowered.startswith(DEFAULTS) or len(set(value)) == 1


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == FERNET_KEY_BYTES
    except (ValueError, binascii.Error):
        return False


def _is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and parts.port != 0
    except ValueError:  # a port that is no number
        return False
