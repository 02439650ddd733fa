"""Who may read `/api/reports/`: programs with a report key whose scopes say so."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from metrics import keys
from metrics.export_rows import to_json
from metrics.report_key_models import REPORT_KEY_START, ReportKey, Scope

View = Callable[..., HttpResponseBase]
SCHEME = "bearer "
LONGEST_KEY = 200
MISSING = "Send a report key: Authorization: Bearer cp_report_..."
MISTYPED = "This report key is mistyped: its checksum is wrong."
UNKNOWN = "There is no such report key, or it is revoked or expired."


class ReportError(Exception):
    """What a program is told in place of an answer: status, kind and a sentence."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def for_report_keys(scope: Scope | None) -> Callable[[View], View]:
    """Return what guards a view: report keys with `scope` only, GET only, JSON always.

    A session of staff opens nothing here. Without a scope any key that works will do.
    """

    def guarded(view: View) -> View:
        @csrf_exempt  # nothing is written, and no cookie is looked at
        @wraps(view)
        def answer(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
            try:
                key = key_of(request)
                if scope is not None and not key.may(scope):
                    raise ReportError(
                        403, "permission_error", f"This key lacks the scope {scope}."
                    )
                if request.method not in ("GET", "HEAD"):
                    raise ReportError(
                        405, "invalid_request_error", "Reports are only read: use GET."
                    )
                return view(request, **arguments)
            except ReportError as problem:
                return refused(problem)

        return answer

    return guarded


def key_of(request: HttpRequest) -> ReportKey:
    """Return the report key of a request. Raises ReportError for what is none.

    Keys are found by their digest under the pepper, which tells nothing of how near a
    wrong one came; the digests are compared in constant time.
    """
    sent = request.headers.get("Authorization", "")
    text = sent[len(SCHEME) :].strip()
    if not sent.lower().startswith(SCHEME) or not text or len(text) > LONGEST_KEY:
        raise _unauthorised(MISSING)
    if keys.looks_mistyped(text, REPORT_KEY_START):
        raise _unauthorised(MISTYPED)
    digest = keys.digest(text)
    key = ReportKey.objects.filter(digest=digest).first()
    if key is None or not hmac.compare_digest(key.digest, digest) or not key.works:
        raise _unauthorised(UNKNOWN)
    return key


def answered(content: Any, *, status: int = 200) -> HttpResponse:
    """Return `content` as JSON that nobody keeps."""
    return HttpResponse(
        to_json(content),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def refused(problem: ReportError) -> HttpResponse:
    """Return `problem` as JSON, in the shape of the API's own errors."""
    error = {"type": problem.kind, "message": str(problem)}
    response = answered({"type": "error", "error": error}, status=problem.status)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if problem.status == 405:
        response.headers["Allow"] = "GET, HEAD"
    return response


def _unauthorised(message: str) -> ReportError:
    return ReportError(401, "authentication_error", message)
