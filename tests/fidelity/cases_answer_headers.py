"""H5, H6: every header of an answer, relayed or kept back."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.cases_headers import HOP, row
from tests.fidelity.messages import EVENTS, JSON, live, message, request, stream, whole

DOWN = "headers of an answer"

_LIMITS = tuple(
    (f"anthropic-ratelimit-{what}-{kind}", value)
    for what in ("requests", "tokens", "input-tokens", "output-tokens")
    for kind, value in (
        ("limit", "1000"),
        ("remaining", "999"),
        ("reset", "2026-11-23T18:00:00Z"),
    )
)
_RELAYED: tuple[tuple[str, str], ...] = (
    ("anthropic-organization-id", "b5a3-of-@LEG@"),
    ("anthropic-workspace-id", "wrkspc_@LEG@"),
    ("anthropic-next-year", "unknown"),
    ("retry-after", "3"),
    ("x-should-retry", "false"),
    *_LIMITS,
    ("cf-ray", "8a-FRA"),
    ("cache-control", "no-store, no-transform"),
    ("content-language", "en"),
    ("vary", "Accept-Encoding"),
    ("x-robots-tag", "none"),
    ("server-timing", "x;dur=1"),
    ("etag", '"a"'),
    ("x-next-year", 'any, "value"; a=b'),
    ("x-name", "caf\xe9"),
)


def _answer(number: str, what: str, *headers: tuple[str, str], **case: Any) -> Case:
    answer = whole(message().body, headers=(*JSON, *headers))
    return row(number, what, **{"answer": answer, "source": DOWN} | case)


_BACK = (
    *(
        _answer(f"5{n:02}", f"answer: {name}", (name, value))
        for n, (name, value) in enumerate(_RELAYED)
    ),
    _answer("540", "answer: one header several times", ("x-a", "1"), ("x-a", "2")),
    _answer(
        "541",
        "answer: content-type with a charset",
        answer=whole(
            message().body,
            headers=(("content-type", "application/json; charset=utf-8"),),
        ),
    ),
    row(
        "542",
        "answer: all of them on a stream",
        body=request(stream=True),
        answer=live(
            *stream().pieces,
            headers=(
                *EVENTS,
                *(h for h in _RELAYED if h[0] not in ("cache-control", "vary")),
            ),
        ),
        source=DOWN,
    ),
)

_UNRELAYED: tuple[tuple[str, str], ...] = (
    ("keep-alive", "timeout=5"),
    ("proxy-authenticate", "Basic"),
    ("trailer", "x-sum"),
    ("upgrade", "h2c"),
    ("server", "cloudflare"),
    ("set-cookie", "__cf_bm=1; path=/"),
    ("alt-svc", 'h3=":443"'),
    ("strict-transport-security", "max-age=1"),
    ("clear-site-data", '"*"'),
    ("x-cascade-outcome", "forged"),
    ("access-control-allow-origin", "*"),
)
_KEPT_BACK = (
    *(
        _answer(
            f"6{n:02}",
            f"answer: {name} does not come back",
            (name, value),
            unrelayed=frozenset({name}),
        )
        for n, (name, value) in enumerate(_UNRELAYED)
    ),
    _answer(
        "620",
        "answer: what connection names does not come back",
        ("connection", "x-hop"),
        ("x-hop", "1"),
        source=HOP,
    ),
)

CASES = (*_BACK, *_KEPT_BACK)
