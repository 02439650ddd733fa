"""O: what we answer ourselves: errors in the API's envelope, and knocks at the door."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import OwnAnswer
from tests.fidelity.messages import request
from tests.fidelity.recording_upstream import Pairs

ERRORS = "errors of our own"
KNOCKS = "HEAD endpoints, no key"
VERSIONS = ("2023-06-01", "2026-10-21")
_NOT_AGAIN = (("x-should-retry", "false"),)
_BODY = request().replace(b"@MODEL@", b"claude-opus-5-5")
_TOO_LARGE = b" " * (32 * 1024 * 1024 + 1)


def _row(
    number: str, what: str, method: str, path: str, status: int, **row: Any
) -> OwnAnswer:
    usual: dict[str, Any] = {"source": ERRORS, "headers": _headers(VERSIONS[0])}
    if method not in ("GET", "HEAD"):
        usual["body"] = _BODY
    return OwnAnswer(
        id=f"O{number}",
        what=what,
        method=method,
        path=path,
        status=status,
        **usual | row,
    )


def _headers(version: str, *more: tuple[str, str], key: str = "KEY") -> Pairs:
    bearer = version == VERSIONS[1]
    sent = ("authorization", f"Bearer {key}") if bearer else ("x-api-key", key)
    usual = (("anthropic-version", version), ("content-type", "application/json"))
    return (*usual, *(() if not key else (sent,)), *more)


def _in_both_versions(number: int, version: str) -> tuple[OwnAnswer, ...]:
    usual = _headers(version)
    unauthenticated = {"kind": "authentication_error", "answer_headers": _NOT_AGAIN}
    invalid = {"kind": "invalid_request_error", "headers": usual}
    rows: tuple[tuple[str, str, str, int, dict[str, Any]], ...] = (
        (
            "no key",
            "POST",
            "/v1/messages",
            401,
            {"headers": _headers(version, key=""), **unauthenticated},
        ),
        (
            "a wrong key",
            "POST",
            "/v1/messages?beta=true",
            401,
            {"headers": _headers(version, key="sk-wrong"), **unauthenticated},
        ),
        (
            "no key for count_tokens",
            "POST",
            "/v1/messages/count_tokens",
            401,
            {"headers": _headers(version, key=""), **unauthenticated},
        ),
        (
            "no key for models",
            "GET",
            "/v1/models",
            401,
            {"headers": _headers(version, key=""), **unauthenticated},
        ),
        (
            "no key for the account",
            "GET",
            "/v1/files",
            401,
            {"headers": _headers(version, key=""), **unauthenticated},
        ),
        (
            "an address outside",
            "GET",
            "/v1/",
            404,
            {"kind": "not_found_error", "headers": usual},
        ),
        (
            "an address that leads elsewhere",
            "GET",
            "/v1/files/../../x",
            404,
            {"kind": "not_found_error", "headers": usual},
        ),
        ("another method", "GET", "/v1/messages", 405, invalid),
        ("another method for models", "DELETE", "/v1/models", 405, invalid),
        ("no JSON", "POST", "/v1/messages", 400, {"body": b"{", **invalid}),
        (
            "no model",
            "POST",
            "/v1/messages",
            400,
            {"body": b'{"messages":[]}', **invalid},
        ),
        (
            "a body too large",
            "POST",
            "/v1/messages",
            413,
            {"body": _TOO_LARGE, "kind": "request_too_large", "headers": usual},
        ),
        (
            "batches without the grant",
            "GET",
            "/v1/messages/batches",
            403,
            {"kind": "permission_error", "headers": usual},
        ),
        (
            "files without the grant",
            "POST",
            "/v1/files",
            403,
            {"kind": "permission_error", "headers": usual},
        ),
        (
            "skills without the grant",
            "GET",
            "/v1/skills",
            403,
            {"kind": "permission_error", "headers": usual},
        ),
        (
            "x-cascade without the grant",
            "POST",
            "/v1/messages",
            403,
            {
                "kind": "permission_error",
                "headers": _headers(version, ("x-cascade", "draft")),
            },
        ),
    )
    return tuple(
        _row(
            f"{number + n}", f"{status} {version}: {what}", method, path, status, **row
        )
        for n, (what, method, path, status, row) in enumerate(rows)
    )


_FORCED = tuple(
    _row(
        number,
        f"400: x-cascade: {word} {why}",
        "POST",
        "/v1/messages",
        400,
        kind="invalid_request_error",
        headers=_headers(VERSIONS[0], ("x-cascade", word), key="GLOBEX"),
    )
    for number, word, why in (
        ("301", "draft", "where no rule applies"),
        ("302", "sideways", "is no choice"),
    )
)

_KNOCKS = (
    _row("401", "HEAD /", "HEAD", "/", 200, source=KNOCKS, headers=()),
    _row(
        "402", "HEAD /api/hello", "HEAD", "/api/hello", 200, source=KNOCKS, headers=()
    ),
)

ROWS = (
    *_in_both_versions(100, VERSIONS[0]),
    *_in_both_versions(200, VERSIONS[1]),
    *_FORCED,
    *_KNOCKS,
)
