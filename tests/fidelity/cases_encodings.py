"""C: compressed answers: passed on as they came, read where they must be."""

from __future__ import annotations

from tests.fidelity.case import Case
from tests.fidelity.messages import (
    EVENTS,
    JSON,
    error,
    live,
    message,
    request,
    stream,
    whole,
)

SOURCE = "accept-encoding of Claude Code"
_OFFERED = (("accept-encoding", "gzip, deflate, br, zstd"),)
_CODINGS = ("gzip", "deflate", "br", "zstd")
_OTHER_VERIFIER = {"verifier_model": "verifier-large"}


def _rows(number: int, coding: str) -> tuple[Case, ...]:
    named = (("content-encoding", coding),)
    body = message().body
    packed = whole(body, headers=(*JSON, *named))
    packed_stream = live(*stream().pieces, headers=(*EVENTS, *named))
    broke = whole(
        error(529, "overloaded_error", ("x-should-retry", "false")).body,
        status=400,
        headers=(*JSON, *named),
    )
    rows = (
        ("a whole answer", request(), packed, {}, ""),
        ("a stream", request(stream=True), packed_stream, {}, ""),
        ("a whole answer under another name", request(), packed, _OTHER_VERIFIER, ""),
        (
            "a stream under another name",
            request(stream=True),
            packed_stream,
            _OTHER_VERIFIER,
            "",
        ),
        ("an error", request(), broke, {}, "draft_error"),
    )
    return tuple(
        Case(
            id=f"C{number + n:03}",
            what=f"{coding}: {what}",
            source=SOURCE,
            body=body,
            headers=_OFFERED,
            answer=answer,
            terms=terms,
            reason=reason,
            encoding=coding,
        )
        for n, (what, body, answer, terms, reason) in enumerate(rows)
    )


CASES = (
    *(row for n, coding in enumerate(_CODINGS) for row in _rows(10 * n, coding)),
    *(
        Case(
            id=f"C{100 + n}",
            what=f"accept-encoding: {offered or '(empty)'}",
            source=SOURCE,
            body=request(),
            headers=(("accept-encoding", offered),),
            answer=message(),
        )
        for n, offered in enumerate(
            ("identity", "gzip", "br;q=1.0, gzip;q=0.5, *;q=0", "*", "snappy")
        )
    ),
)
