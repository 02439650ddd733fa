"""Key header -> the client key of the snapshot."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from routing import secrets
from routing.config import ClientKeyConfig
from routing.errors import Unauthenticated
from routing.snapshot import holder

NOBODY = ClientKeyConfig(id=None, name="", prefix="", tag="")

# Header and WSGI variable; the first that is sent counts.
_CREDENTIALS = (
    ("x-api-key", "HTTP_X_API_KEY"),
    ("authorization", "HTTP_AUTHORIZATION"),
)


class ClientKeyAuthentication(BaseAuthentication):
    """Finds who calls, by the mode of `CASCADE_AUTH_MODE`. Makes no query."""

    def authenticate(self, request: Request) -> tuple[Any, None]:
        """Return the caller's key. Raises Unauthenticated."""
        if settings.CASCADE_AUTH_MODE == "none":
            return NOBODY, None
        header = credential_header(request)
        if header is None:
            raise Unauthenticated(
                "No API key: send one in the x-api-key header, or as "
                "authorization: Bearer."
            )
        if settings.CASCADE_AUTH_MODE == "pass_through":
            return NOBODY, None
        return _known(_key_in(header)), None


def credential_header(request: Request) -> tuple[str, str] | None:
    """Return the header, name and value, that holds the caller's key; None without."""
    for name, variable in _CREDENTIALS:
        value = request.META.get(variable, "").strip()
        if value:
            return name, value
    return None


def _key_in(header: tuple[str, str]) -> str:
    name, value = header
    if name == "authorization":
        scheme, _, key = value.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("The authorization header must be: Bearer <key>.")
        return key.strip()
    return value


def _known(key: str) -> ClientKeyConfig:
    if secrets.looks_mistyped(key):
        raise Unauthenticated("The API key is incomplete or mistyped.")
    found = holder.get().keys.get(secrets.client_key_digest(key))
    if found is None or found.expired(timezone.now()):
        raise Unauthenticated("The API key is not valid.")
    return found
