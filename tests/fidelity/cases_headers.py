"""H: every header of a request; keys and versions."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import message, request, stream

UP = "headers of a request"
HOP = "RFC 9110, 7.6.1"


def row(number: str, what: str, *headers: tuple[str, str], **case: Any) -> Case:
    """Return a row whose request has these headers beside the usual ones."""
    usual = {"body": request(), "answer": message(), "source": UP}
    return Case(id=f"H{number}", what=what, headers=headers, **usual | case)


_KEYS = tuple(
    row(
        number,
        f"{key}, {version}{', streamed' if streamed else ''}",
        key_header=key,
        version=version,
        body=request(stream=streamed),
        answer=stream() if streamed else message(),
    )
    for number, key, version, streamed in (
        ("001", "x-api-key", "2023-06-01", False),
        ("002", "x-api-key", "2026-10-21", False),
        ("003", "authorization", "2023-06-01", False),
        ("004", "authorization", "2026-10-21", False),
        ("005", "x-api-key", "2023-06-01", True),
        ("006", "authorization", "2026-10-21", True),
        ("007", "x-api-key", "2031-01-01", False),
    )
)

_STAINLESS = {
    "lang": "python",
    "package-version": "2.12.0",
    "os": "Linux",
    "arch": "x64",
    "runtime": "CPython",
    "runtime-version": "3.11.7",
    "async": "false",
    "retry-count": "1",
    "timeout": "600",
    "read-timeout": "600",
    "helper": "messages.stream",
    "helper-method": "stream",
    "raw-response": "true",
}
_CLIENT_HEADERS: tuple[tuple[str, str], ...] = (
    ("anthropic-user-profile-id", "profile_1"),
    ("anthropic-workspace-id", "wrkspc_1"),
    ("anthropic-dangerous-direct-browser-access", "true"),
    ("anthropic-next-year", "unknown"),
    ("x-claude-code-agent-id", "agent-1"),
    ("x-claude-code-next-year", "unknown"),
    ("x-claude-remote-session-id", "r-1"),
    ("x-app", "cli"),
    ("user-agent", "claude-cli/2.1.330 (external, cli)"),
    ("accept", "application/json"),
    ("accept-language", "*"),
    ("content-type", "application/json; charset=utf-8"),
    ("idempotency-key", "k-1"),
    ("sec-fetch-mode", "cors"),
    ("x-request-id", "of-the-client"),
    ("x-next-year", 'any, "value"; a=b'),
    ("baggage", "a=1"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
)

_FORWARDED = (
    *(
        row(f"2{n:02}", f"x-stainless-{name}", (f"x-stainless-{name}", value))
        for n, (name, value) in enumerate(_STAINLESS.items())
    ),
    *(
        row(f"3{n:02}", f"{name}: {value}", (name, value))
        for n, (name, value) in enumerate(_CLIENT_HEADERS)
    ),
    row("350", "names in any case", ("X-App", "cli"), ("ANTHROPIC-Next", "1")),
    row("351", "a value in Latin-1", ("x-name", "caf\xe9")),
    row("352", "query: beta=true", query="beta=true"),
    row("353", "query: as written", query="beta=true&x=%2F%20+&&empty="),
)

_WITHHELD: tuple[tuple[str, str], ...] = (
    ("te", "trailers"),
    ("keep-alive", "timeout=5"),
    ("proxy-authorization", "Basic YTpi"),
    ("proxy-connection", "keep-alive"),
    ("cookie", "session=1"),
    ("forwarded", "for=192.0.2.1"),
    ("via", "1.1 somewhere"),
    ("x-forwarded-for", "192.0.2.1"),
    ("x-forwarded-proto", "https"),
    ("x-real-ip", "192.0.2.1"),
    ("x-cascade-decision", "forged"),
)
_STOPPED = (
    *(
        row(
            f"4{n:02}",
            f"{name} stays here",
            (name, value),
            withheld=frozenset({name}),
            source=HOP,
        )
        for n, (name, value) in enumerate(_WITHHELD)
    ),
    row(
        "420",
        "what connection names stays here",
        ("connection", "x-hop"),
        ("x-hop", "1"),
        withheld=frozenset({"x-hop"}),
        source=HOP,
    ),
)

CASES = (*_KEYS, *_FORWARDED, *_STOPPED)
