"""S0, S1: every event and every delta of a stream."""

from __future__ import annotations

from typing import Any

from tests.fidelity.messages import (
    TEXT,
    block_events,
    delta,
    end,
    event,
    request,
    start,
    stream,
)
from tests.fidelity.streams import INNER, PING, USUAL, added, row

EVENT = "streaming, events"
DELTA = "streaming, deltas"

_TOOL = {"name": "get_weather", "input_schema": {"type": "object"}}
_CALL = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}


def _block(begun: dict[str, Any], *deltas: bytes) -> tuple[bytes, ...]:
    """A stream with a block before its text, of these deltas."""
    return (
        start(),
        event("content_block_start", index=0, content_block=begun),
        *deltas,
        event("content_block_stop", index=0),
        *block_events(1, TEXT),
        *end(),
    )


_EVENT_ROWS = (
    row("001", "message_start", EVENT, *USUAL),
    row(
        "002",
        "message_start with full usage",
        EVENT,
        start(
            usage={"input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 1}
        ),
        *USUAL[1:],
    ),
    row("003", "message_start without usage", EVENT, start(usage=None), *USUAL[1:]),
    row(
        "004",
        "content_block_start with text in it",
        EVENT,
        *_block({"type": "text", "text": "At once. "}),
    ),
    row("005", "content_block_stop, twice", EVENT, *added(INNER[-1], before=5)),
    row(
        "006",
        "message_delta, repeated with cumulative usage",
        EVENT,
        *added(
            event("message_delta", delta={}, usage={"output_tokens": 3}),
            event("message_delta", delta={}, usage={"output_tokens": 7}),
        ),
    ),
    row(
        "007",
        "message_delta with stop_details, container",
        EVENT,
        answer=stream(
            stop_details=None,
            container={"id": "c", "expires_at": "2026-11-23T00:00:00Z"},
        ),
    ),
    row(
        "008",
        "message_delta with safeguard_results",
        EVENT,
        answer=stream(
            safeguard_results=[{"type": "dangerous_tool_use", "status": {"x": [1e2]}}]
        ),
    ),
    row(
        "009",
        "message_delta with keys beside delta and usage",
        EVENT,
        *USUAL[:-2],
        event(
            "message_delta",
            delta={"stop_reason": "end_turn", "stop_sequence": None},
            usage={"output_tokens": 9},
            context_management={"applied_edits": []},
            input_transformations=[],
        ),
        USUAL[-1],
    ),
    row("010", "ping", EVENT, *added(PING)),
    row("011", "ping with extra keys", EVENT, *added(event("ping", n=1))),
    row(
        "012",
        "message_stop with extra keys",
        EVENT,
        *USUAL[:-1],
        event("message_stop", metrics={"latency": 1e2}),
    ),
    row("013", "an unknown event", EVENT, *added(event("hologram", deep=[None]))),
    row(
        "014", "an unknown event before message_start", EVENT, event("prelude"), *USUAL
    ),
    row(
        "015",
        "an unknown event without JSON",
        EVENT,
        *added(b"event: x\ndata: <x>\n\n"),
    ),
    row("016", "events after message_stop", EVENT, *USUAL, PING),
)

_DELTA_ROWS = (
    row("101", "text_delta", DELTA, *added(delta("text_delta", text=" More."))),
    row("102", "text_delta, empty", DELTA, *added(delta("text_delta", text=""))),
    row(
        "103",
        "input_json_delta, cut anywhere",
        DELTA,
        *_block(
            _CALL,
            *(
                delta("input_json_delta", partial_json=part)
                for part in ("", '{"ci', 'ty": "Os', "lo\\u00", 'e9"}')
            ),
        ),
        body=request(stream=True, tools=[_TOOL]),
    ),
    row(
        "104",
        "input_json_delta, none at all",
        DELTA,
        *_block(_CALL),
        body=request(stream=True, tools=[_TOOL]),
    ),
    row(
        "105",
        "citations_delta",
        DELTA,
        *_block(
            {"type": "text", "text": "", "citations": []},
            delta("citations_delta", citation={"type": "char_location", "n": 1e2}),
        ),
    ),
    row(
        "106",
        "thinking_delta, signature_delta",
        DELTA,
        *_block(
            {"type": "thinking", "thinking": "", "signature": ""},
            delta("thinking_delta", thinking="Hm."),
            delta("signature_delta", signature="c2lnbg=="),
        ),
    ),
    row(
        "107",
        "compaction_delta",
        DELTA,
        *_block(
            {"type": "compaction", "content": None},
            delta("compaction_delta", content="So far."),
        ),
    ),
    row("108", "an unknown delta", DELTA, *added(delta("hologram_delta", deep=[1]))),
    row(
        "109",
        "unknown keys in a delta",
        DELTA,
        *added(delta("text_delta", text=" n", x_next_year=1)),
    ),
)

CASES = (*_EVENT_ROWS, *_DELTA_ROWS)
