"""Key header -> the client key of the snapshot."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from routing import secrets
from routing.config import ClientKeyConfig
from routing.errors import Forbidden, Unauthenticated
from routing.snapshot import holder

NOBODY = ClientKeyConfig(id=None, name="", prefix="", tag="")

# Header and WSGI variable; the first that is sent counts.
_CREDENTIALS = (
    ("x-api-key", "HTTP_X_API_KEY"),
    ("authorization", "HTTP_AUTHORIZATION"),
)

_OWN_SITES = ("none", "same-origin")


class ClientKeyAuthentication(BaseAuthentication):
    """Finds who calls, by the mode of `CASCADE_AUTH_MODE`. Makes no query."""

    def authenticate(self, request: Request) -> tuple[Any, None]:
        """Return the caller's key. Raises Unauthenticated."""
        if settings.CASCADE_AUTH_MODE == "none":
            _refuse_foreign_page(request)
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


def _refuse_foreign_page(request: Request) -> None:
    """Without keys, any page somebody here opens could spend ours: ask the browser.

    Raises Forbidden. Programs send neither header.
    """
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin and is_allowed_origin(origin):
        return
    if origin or request.META.get("HTTP_SEC_FETCH_SITE", "none") not in _OWN_SITES:
        raise Forbidden("Pages of this origin may not call: see CASCADE_CORS_ORIGINS.")


def is_allowed_origin(origin: str) -> bool:
    """Whether `CASCADE_CORS_ORIGINS` lets pages of `origin` call."""
    allowed = settings.CASCADE_CORS_ORIGINS
    return "*" in allowed or origin in allowed


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
