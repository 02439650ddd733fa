"""What every view under /v1/ shares: raw bodies, our keys, our errors, CORS."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, cast

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from routing.auth import ClientKeyAuthentication, credential_header
from routing.config import ClientKeyConfig
from routing.dialects import anthropic
from routing.errors import RequestTooLarge
from routing.types import ChatRequest, Headers

CORS_MAX_AGE_S = 600


class _Negotiation(BaseContentNegotiation):
    """Nothing to negotiate: we send what the provider sent."""

    def select_parser(self, request: Any, parsers: Any) -> None:
        del request, parsers

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: Any = None
    ) -> tuple[None, str]:
        del request, renderers, format_suffix
        return None, ""


class ApiView(APIView):
    """A view whose request body stays bytes and whose answers are ready to send."""

    authentication_classes = [ClientKeyAuthentication]
    permission_classes = []
    throttle_classes = []
    parser_classes = []
    renderer_classes = []
    content_negotiation_class = _Negotiation
    default_response_headers: ClassVar = {}

    @staticmethod
    def key_of(request: Request) -> ClientKeyConfig:
        """Return the key of the caller."""
        return cast(ClientKeyConfig, request.user)

    def chat_request(self, request: Request) -> ChatRequest:
        """Return the request as the dialect reads it. Raises ClientError."""
        chat = anthropic.parse_request(
            body_of(request),
            headers=headers_of(request),
            query=request.META.get("QUERY_STRING", ""),
            path=request.path,
        )
        return dataclasses.replace(chat, credential=own_credential(request))

    def bare_request(self, request: Request, model: str) -> ChatRequest:
        """Return a request without a body, to be forwarded as it is."""
        return ChatRequest(
            body=b"",
            fields={},
            model=model,
            model_span=(0, 0),
            stream=False,
            max_tokens=None,
            headers=anthropic.forwarded(headers_of(request)),
            credential=own_credential(request),
            query=request.META.get("QUERY_STRING", ""),
            path=request.path,
            method=request.method or "GET",
        )

    def perform_authentication(self, request: Request) -> None:
        """Find who calls; a browser's preflight request carries no key."""
        if request.method != "OPTIONS":
            super().perform_authentication(request)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the answer to a browser's preflight request."""
        del request, args, kwargs
        return HttpResponse(status=204)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Return `response` as it is, with CORS headers for the origins allowed."""
        del args, kwargs
        answer: HttpResponseBase = response
        for name, value in cors_headers(request.headers.get("origin", "")).items():
            answer.headers[name] = value
        return answer


def body_of(request: Request) -> bytes:
    """Return the body. Raises RequestTooLarge before it is read when it says so."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    limit = settings.CASCADE_MAX_BODY_BYTES
    if not declared.isdigit() or int(declared) > limit:
        raise RequestTooLarge(f"The request is larger than {limit} bytes.")
    body: bytes = request._request.body
    return body


def headers_of(request: Request) -> Headers:
    """Return the headers of the request, names in lower case."""
    return tuple((name.lower(), value) for name, value in request.headers.items())


def own_credential(request: Request) -> tuple[str, str] | None:
    """Return the header with the caller's own provider key, when that is to be used."""
    if settings.CASCADE_AUTH_MODE != "pass_through":
        return None
    return credential_header(request)


def cors_headers(origin: str) -> dict[str, str]:
    """Return what a page of `origin` needs to read the answer; {} for others."""
    allowed = settings.CASCADE_CORS_ORIGINS
    if not origin or not ("*" in allowed or origin in allowed):
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": "*, authorization",
        "access-control-expose-headers": "*",
        "access-control-max-age": str(CORS_MAX_AGE_S),
        "vary": "origin",
    }
