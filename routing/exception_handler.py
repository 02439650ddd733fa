"""Whatever is raised under /v1/ -> an answer in the caller's envelope, never HTML."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework.exceptions import APIException
from rest_framework.exceptions import MethodNotAllowed as DrfMethodNotAllowed

from metrics.identifiers import new_request_id
from routing.dialects import spoken_at
from routing.errors import (
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    ProxyError,
    RequestTooLarge,
)
from routing.responses import error_response
from routing.types import Dialect

logger = logging.getLogger(__name__)


def answer(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Return the answer to `error`; one we did not foresee is logged whole, and 500.

    `context` is what REST framework passes along; its `view` knows its methods.
    """
    request_id = new_request_id()
    known = _known(error)
    if known is None:
        logger.error("unforeseen error, %s", request_id, exc_info=error)
        known = ProxyError("An error of the proxy. Its log tells more by request_id.")
    response = error_response(known, request_id, _dialect(context.get("request")))
    _log(known, request_id, context)
    if isinstance(error, DrfMethodNotAllowed):
        response.headers["allow"] = ", ".join(context["view"].allowed_methods)
    return response


def _log(error: ProxyError, request_id: str, context: dict[str, Any]) -> None:
    """Write the one line of a request that came to no decision."""
    request = context.get("request")
    where = f"{request.method} {request.path}" if request else "request"
    logger.info(
        "%s: %d %s",
        where,
        error.status,
        error.message,
        extra={
            "fields": {
                "request_id": request_id,
                "status": error.status,
                "error_type": error.error_type,
            }
        },
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the 500 for what was raised outside a view; Django has logged it."""
    error = ProxyError("An error of the proxy.")
    return error_response(error, new_request_id(), _dialect(request))


def _dialect(request: Any) -> Dialect:
    return spoken_at(request.path_info, request.META) if request else "anthropic"


def _known(error: Exception) -> ProxyError | None:
    """Return `error` in our words; more special classes stand before general ones."""
    if isinstance(error, ProxyError):
        return error
    return next((ours for kind, ours in _OURS if isinstance(error, kind)), None)


_UNREADABLE = InvalidRequest("The request cannot be read.")
_OURS: tuple[tuple[type[Exception], ProxyError], ...] = (
    (RequestDataTooBig, RequestTooLarge("The request is larger than the limit.")),
    (DrfMethodNotAllowed, MethodNotAllowed("This address has other methods.")),
    (Http404, NotFound("Not found.")),
    (UnreadablePostError, _UNREADABLE),
    (SuspiciousOperation, _UNREADABLE),
    (APIException, _UNREADABLE),
)
