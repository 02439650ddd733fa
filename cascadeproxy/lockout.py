"""Who may try to log in, and from where: what django-axes asks us."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

TOO_MANY_REQUESTS = 429


def locked_out(
    request: HttpRequest, _original: Any = None, _credentials: Any = None
) -> HttpResponse:
    """Return the page of somebody who guessed too often. It names nobody."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    response = render(
        request,
        "admin/locked_out.html",
        {"minutes": minutes, "title": "Too many attempts"},
        status=TOO_MANY_REQUESTS,
    )
    response.headers["retry-after"] = str(minutes * 60)
    return response


def client_address(request: HttpRequest) -> str:
    """Return the address the request came from, as far as it can be believed.

    Each of `CASCADE_PROXIES_IN_FRONT` adds one address at the end of x-forwarded-for;
    what stands before those was written by the client.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "")
    proxies = settings.CASCADE_PROXIES_IN_FRONT
    if not proxies:
        return peer
    told = request.META.get("HTTP_X_FORWARDED_FOR", "")
    addresses = [word.strip() for word in told.split(",") if word.strip()]
    return addresses[-proxies] if len(addresses) >= proxies else peer
