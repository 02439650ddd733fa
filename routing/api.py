"""What every view under /v1/ shares: raw bodies, our keys, our errors, CORS."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, cast, get_args
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse
from django.http.request import HttpHeaders
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from routing import hops
from routing.auth import (
    ClientKeyAuthentication,
    credential_header,
    is_allowed_origin,
)
from routing.body import LENGTH_UNKNOWN
from routing.config import ClientKeyConfig
from routing.dialects import anthropic
from routing.errors import Forbidden, InvalidRequest, RequestTooLarge
from routing.types import ChatRequest, Force, Headers

CORS_MAX_AGE_S = 600
# Those of account endpoints too; of the others some answer 405.
ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REMEMBERED_NAMES = 1024
DISCARD_BYTES = 1024 * 1024

ReadRequest = Callable[..., ChatRequest]


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
    # How its dialect reads a request.
    read: ClassVar[ReadRequest] = staticmethod(anthropic.parse_request)

    @staticmethod
    def key_of(request: Request) -> ClientKeyConfig:
        """Return the key of the caller."""
        return cast(ClientKeyConfig, request.user)

    def chat_request(self, request: Request, body: bytes) -> ChatRequest:
        """Return the request as the dialect reads it. Raises ClientError."""
        chat = type(self).read(
            body,
            headers=headers_of(request),
            query=request.META.get("QUERY_STRING", ""),
            path=request.path_info,
        )
        credential = own_credential(request)
        return dataclasses.replace(chat, credential=credential) if credential else chat

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
            # Django has decoded it; a name in it may hold what ends a path.
            path=quote(request.path_info, safe="/:@"),
            method=request.method or "GET",
        )

    def perform_authentication(self, request: Request) -> None:
        """Find who calls; a browser's preflight request carries no key.

        A request of our own is told so first: the key it carries is a provider's.
        """
        hops.refuse_loop(request.META.get(hops.VARIABLE, ""))
        if request.method != "OPTIONS":
            super().perform_authentication(request)

    def handle_exception(self, exc: Exception) -> Any:
        """Return the answer to `exc`, once the client has sent what it meant to."""
        discard_body(self.request)
        return super().handle_exception(exc)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the answer to a browser's preflight request."""
        del request, args, kwargs
        response = HttpResponse(status=204)
        del response.headers["content-type"]  # there is no content; Django says HTML
        return response

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Return `response` as it is, with CORS headers for the origins allowed."""
        del args, kwargs
        answer: HttpResponseBase = response
        cors = cors_headers(request.META.get("HTTP_ORIGIN", ""))
        for name, value in cors.items():
            answer.headers[name] = value
        if cors:
            patch_vary_headers(answer, ["origin"])
        return answer


def body_of(request: Request, most: int | None = None) -> bytes:
    """Return the body. Raises ClientError, before it is read where its length is known.

    `most` is the limit of the caller's key. A chunked body is read to one byte past the
    limit of the server at most.
    """
    declared, limit = declared_bytes(request), settings.CASCADE_MAX_BODY_BYTES
    limit = limit if most is None else min(limit, most)
    if declared is None:
        raise InvalidRequest("The content-length is not a number.")
    if declared > limit and LENGTH_UNKNOWN not in request.META:
        raise too_large(limit)
    body: bytes = request._request.body
    if len(body) > limit:
        raise too_large(limit)
    return body


def discard_body(request: Any) -> None:
    """Read what is still coming and drop it, up to twice the limit of a body.

    A socket closed with bytes unread is reset, and the answer with it: the client would
    see a broken connection in place of its 401 or 413.
    """
    chunked = LENGTH_UNKNOWN in request.META
    if request._read_started and not chunked:
        return
    source = request.META["wsgi.input"] if chunked else request
    left = min(declared_bytes(request) or 0, 2 * settings.CASCADE_MAX_BODY_BYTES)
    with contextlib.suppress(OSError):
        while left > 0 and (read := source.read(min(left, DISCARD_BYTES))):
            left -= len(read)


def too_large(limit: int) -> RequestTooLarge:
    """Return the error for a body of more than `limit` bytes."""
    return RequestTooLarge(f"The request is larger than {limit} bytes.")


def declared_bytes(request: Any) -> int | None:
    """Return the content-length, 0 without one; None when it is no number."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    return int(declared) if declared.isascii() and declared.isdigit() else None


def headers_of(request: Request) -> Headers:
    """Return the headers of the request, names in lower case."""
    return tuple(
        (name, value)
        for variable, value in request.META.items()
        if (name := _header_in(variable))
    )


@lru_cache(maxsize=REMEMBERED_NAMES)
def _header_in(variable: str) -> str:
    """Return the name of the header that a WSGI variable holds, "" when it is none."""
    return (HttpHeaders.parse_header_name(variable) or "").lower()


def own_credential(request: Request) -> tuple[str, str] | None:
    """Return the header with the caller's own provider key, when that is to be used."""
    if settings.CASCADE_AUTH_MODE != "pass_through":
        return None
    return credential_header(request)


def force_of(request: Request) -> Force | None:
    """Return who the client wants to answer; None when it leaves that to the rules.

    Raises Forbidden when its key may not say so, InvalidRequest for another word.
    """
    word = request.META.get("HTTP_X_CASCADE", "").strip().lower()
    if not word:
        return None
    if not ApiView.key_of(request).may_force:
        raise Forbidden(_may_not_force())
    if word not in get_args(Force):
        raise InvalidRequest("x-cascade: Input should be off, draft or verifier")
    return cast(Force, word)


def _may_not_force() -> str:
    if settings.CASCADE_AUTH_MODE != "api_key":
        return "x-cascade: without client keys of the proxy nobody may choose."
    return (
        "x-cascade: this key may not choose who answers. An operator can tick "
        '"may force" for it in admin under Client keys.'
    )


def cors_headers(origin: str) -> dict[str, str]:
    """Return what a page of `origin` needs to read the answer; {} for others."""
    if not origin or not is_allowed_origin(origin):
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": ALLOWED_METHODS,
        "access-control-allow-headers": "*, authorization",
        "access-control-expose-headers": "*",
        "access-control-max-age": str(CORS_MAX_AGE_S),
    }
