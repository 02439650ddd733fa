"""E: every status of the provider, with its headers, as the answer and as a draft."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import COMMON, error, message, request, stream, whole
from tests.fidelity.recording_upstream import Script

SOURCE = "errors"
_HTML = (("content-type", "text/html"), *COMMON)


# A draft that may come back in a moment would be waited for.
_NOT_AGAIN = ("x-should-retry", "false")


def _row(number: str, what: str, answer: Script, **case: Any) -> Case:
    usual: dict[str, Any] = {"body": request(), "reason": "draft_error"}
    return Case(
        id=f"E{number}", what=what, source=SOURCE, answer=answer, **usual | case
    )


_STATUSES = (
    (400, "invalid_request_error"),
    (401, "authentication_error"),
    (402, "billing_error"),
    (403, "permission_error"),
    (404, "not_found_error"),
    (408, "timeout_error"),
    (409, "conflict_error"),
    (412, "invalid_request_error"),
    (413, "request_too_large"),
    (422, "invalid_request_error"),
    (429, "rate_limit_error"),
    (431, "invalid_request_error"),
    (499, "api_error"),
    (500, "api_error"),
    (501, "api_error"),
    (502, "api_error"),
    (503, "api_error"),
    (504, "timeout_error"),
    (529, "overloaded_error"),
    (418, "an_error_of_next_year"),
)

_DETAILED: tuple[tuple[str, str, Script], ...] = (
    (
        "601",
        "429 with retry-after",
        error(429, "rate_limit_error", ("retry-after", "0")),
    ),
    (
        "602",
        "429 with a fractional retry-after",
        error(429, "rate_limit_error", ("retry-after", "0.01")),
    ),
    (
        "603",
        "429 with a date as retry-after",
        error(
            429,
            "rate_limit_error",
            ("retry-after", "Mon, 23 Nov 2026 00:00:00 GMT"),
        ),
    ),
    (
        "604",
        "529 with retry-after-ms",
        error(529, "overloaded_error", ("retry-after-ms", "10")),
    ),
    (
        "605",
        "529 with x-should-retry: false",
        error(529, "overloaded_error", ("x-should-retry", "false")),
    ),
    (
        "606",
        "400 with x-should-retry: true",
        error(400, "invalid_request_error", ("x-should-retry", "true")),
    ),
    (
        "607",
        "429 with details.error_code and no retry-after",
        error(
            429,
            "rate_limit_error",
            details={"error_code": "enforced_spend_limit_reached"},
        ),
    ),
    (
        "608",
        "400 prompt is too long, word for word",
        error(400, "invalid_request_error", message="prompt is too long: 2 tokens > 1"),
    ),
    (
        "609",
        "429 with anthropic-ratelimit-*",
        error(
            429,
            "rate_limit_error",
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-23T18:00:00Z"),
        ),
    ),
    (
        "610",
        "502 with a page of a balancer",
        whole(
            b"<html><body>Bad gateway</body></html>",
            status=502,
            headers=_HTML,
        ),
    ),
    ("611", "500 without a body", whole(b"", status=500)),
    ("612", "503 whose JSON is no envelope", whole(b'{"oops": 1e2}', status=503)),
    (
        "613",
        "429 with a long retry-after",
        error(429, "rate_limit_error", ("retry-after", "3600")),
    ),
)

CASES = (
    *(
        _row(
            str(status),
            f"status {status} {kind}",
            error(status, kind),
            draft=error(status, kind, _NOT_AGAIN),
        )
        for status, kind in _STATUSES
    ),
    *(
        _row(
            f"{status}S",
            f"status {status} {kind} in place of a stream",
            error(status, kind),
            draft=error(status, kind, _NOT_AGAIN),
            body=request(stream=True),
        )
        for status, kind in _STATUSES
    ),
    *(
        _row(number, what, script, draft=error(529, "overloaded_error", _NOT_AGAIN))
        for number, what, script in _DETAILED
    ),
    *(
        _row(
            f"{status}D",
            f"status {status} {kind} of the draft alone",
            message(),
            draft=error(status, kind, _NOT_AGAIN),
        )
        for status, kind in _STATUSES
    ),
    _row(
        "529T",
        "status 529 of the draft alone, streamed",
        stream(),
        draft=error(529, "overloaded_error", _NOT_AGAIN),
        body=request(stream=True),
    ),
    _row(
        "701",
        "a draft that is no message",
        message(),
        draft=whole(b'{"type": "hologram"}'),
    ),
    _row("702", "a draft that is no JSON", message(), draft=whole(b"<html>")),
    _row(
        "703",
        "a draft declared as text/html",
        message(),
        draft=whole(message().body, headers=_HTML),
    ),
)
