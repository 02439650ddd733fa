"""S4, S5: every way in which an answer can break off or tell of a failure."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import encoded, event, live, message, request
from tests.fidelity.recording_upstream import Script
from tests.fidelity.streams import BEGUN, INNER, PING, USUAL, row

BREAK = "streaming, what must not look like a clean end"

_OVERLOADED = event("error", error={"type": "overloaded_error", "message": "Busy"})


def _broken(number: str, what: str, *events: bytes, **script: Any) -> Case:
    """An answer that breaks off: a draft so broken is no draft."""
    gates = frozenset(range(len(events)))
    return row(
        number,
        what,
        BREAK,
        answer=live(*events, gates=gates, **script),
        reason="draft_error",
        ends="broken",
    )


_BREAK_ROWS = (
    _broken("401", "orderly end in the middle of a text", *BEGUN),
    _broken("402", "no message_stop", *USUAL[:-1]),
    _broken("403", "connection reset in the middle of a text", *BEGUN, ending="reset"),
    _broken("404", "end of the connection amid the chunks", *BEGUN, ending="eof"),
    _broken(
        "405",
        "connection reset inside an event",
        *BEGUN,
        INNER[1][:30],
        ending="reset",
    ),
    _broken("406", "orderly end inside an event", *BEGUN, INNER[1][:30]),
    _broken("407", "reset before message_start", PING, ending="reset"),
    _broken(
        "408",
        "shorter than its content-length",
        *BEGUN,
        framing="length",
        ending="eof",
    ),
    row(
        "409",
        "error event before message_start",
        BREAK,
        _OVERLOADED,
        reason="draft_error",
    ),
    row(
        "410",
        "error event in the middle of a text",
        BREAK,
        *BEGUN,
        _OVERLOADED,
        reason="draft_error",
    ),
    row(
        "411",
        "error event with details and request_id",
        BREAK,
        *BEGUN,
        event(
            "error",
            error={"type": "rate_limit_error", "message": "m", "details": {"a": "b"}},
            request_id="req_@LEG@",
        ),
        reason="draft_error",
    ),
    row(
        "412",
        "JSON although a stream was asked for",
        BREAK,
        answer=message(),
        reason="draft_error",
    ),
    row(
        "413",
        "a draft cut in the middle, a verifier that is well",
        BREAK,
        *USUAL,
        draft=live(*BEGUN, ending="reset"),
        reason="draft_error",
    ),
    row(
        "414",
        "a draft with an error event, a verifier that is well",
        BREAK,
        *USUAL,
        draft=live(*BEGUN, _OVERLOADED),
        reason="draft_error",
    ),
    row(
        "415",
        "a draft without message_stop, a verifier that is well",
        BREAK,
        *USUAL,
        draft=live(*USUAL[:-1]),
        reason="draft_error",
    ),
    row(
        "416",
        "a draft whose event is no JSON, a verifier that is well",
        BREAK,
        *USUAL,
        draft=live(*BEGUN, b"event: content_block_delta\ndata: {\n\n", *USUAL[3:]),
        reason="draft_error",
    ),
    row(
        "417",
        "a stream although JSON was asked for",
        BREAK,
        *USUAL,
        body=request(),
        reason="draft_error",
    ),
)

_WHOLE_BREAKS = tuple(
    Case(
        id=f"S{number}",
        what=f"whole answer: {what}",
        source=BREAK,
        body=request(),
        answer=Script(
            headers=message().headers,
            pieces=(encoded({"type": "message", "id": "msg_@LEG@"})[:-8],),
            **script,
        ),
        reason="draft_error",
        ends="refused",
    )
    for number, what, script in (
        ("501", "shorter than its content-length", {"ending": "eof"}),
        ("502", "connection reset", {"ending": "reset"}),
        ("503", "chunks without an end", {"framing": "chunked", "ending": "eof"}),
    )
)

CASES = (*_BREAK_ROWS, *_WHOLE_BREAKS)
