"""From an answer to an HTTP reply in either wire shape, with its fault if any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import msgspec

from metrics.types import Usage
from routing.simulator.disturb import EVENT_FAULTS, REPLY_FAULTS, plain
from routing.simulator.faults import Fault
from routing.simulator.prompts import pieces
from routing.simulator.values import (
    Answer,
    Ask,
    Behaviour,
    Chunk,
    Event,
    Headers,
    Rejected,
    Reply,
    Request,
    Text,
)

_JSON: Headers = (("content-type", "application/json"),)
_EVENTS: Headers = (
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-cache"),
)
_HTML = (
    b"<html><head><title>502 Bad Gateway</title></head><body>simulated</body></html>\n"
)
_BROKEN = Rejected(529, "overloaded_error", "Overloaded")


class Wire(Protocol):
    """An API shape; the modules `anthropic_wire` and `openai_wire` are both one."""

    def check_request(self, request: Request, fields: Mapping[str, Any]) -> None:
        """Refuse what this API refuses before it looks at the prompt."""

    def read_ask(self, fields: Mapping[str, Any], seed: int) -> Ask:
        """Return what the body asks for."""

    def whole(self, ask: Ask, answer: Answer, usage: Usage) -> dict[str, Any]:
        """Return the answer as one object."""

    def events(self, ask: Ask, answer: Answer, usage: Usage) -> list[Event]:
        """Return the answer as events."""

    def error_body(self, error: Rejected, request_id: str) -> dict[str, Any]:
        """Return the envelope of an error."""

    def error_event(self, error: Rejected, request_id: str) -> Event:
        """Return an error that comes in the middle of a stream."""

    def headers(self, request_id: str, reset: str) -> Headers:
        """Return the headers of every answer."""


def json_reply(value: Any, *, status: int = 200, headers: Headers = ()) -> Reply:
    """Return `value` as JSON."""
    body = msgspec.json.encode(value)
    return Reply(status=status, headers=_JSON + headers, chunks=(Chunk(data=body),))


def html_reply() -> Reply:
    """Return what a proxy in front of the API answers when the API is away."""
    headers = (("content-type", "text/html"),)
    return Reply(status=502, headers=headers, chunks=(Chunk(data=_HTML),))


def whole_reply(body: Mapping[str, Any], answer: Answer, behaviour: Behaviour) -> Reply:
    """Return the answer at once, after the time that writing it takes."""
    texts = [b.text for b in answer.blocks if isinstance(b, Text)]
    count = sum(len(list(pieces(text))) for text in texts) if behaviour.token_s else 0
    delay_s = behaviour.latency_s + behaviour.token_s * count
    return replace(json_reply(body), head_delay_s=delay_s)


def stream_reply(events: Sequence[Event], behaviour: Behaviour) -> Reply:
    """Return the events, each in its own HTTP chunk and at its own time."""
    pace_s = behaviour.token_s
    chunks = tuple(
        Chunk(data=event.data, delay_s=pace_s if event.paced else 0.0)
        for event in events
    )
    return Reply(
        status=200,
        headers=_EVENTS,
        chunks=chunks,
        chunked=True,
        head_delay_s=behaviour.latency_s,
    )


def disturbed_events(
    events: Sequence[Event], fault: Fault, wire: Wire, request_id: str
) -> Sequence[Event]:
    """Return the events as `fault` leaves them."""
    if fault.name not in EVENT_FAULTS:
        return events
    return EVENT_FAULTS[fault.name](events, wire.error_event(_BROKEN, request_id))


def disturbed_reply(reply: Reply, fault: Fault, *, streaming: bool) -> Reply:
    """Return the reply as `fault` leaves it. `streaming`: events were asked for."""
    if fault.name == "wrong_content_type" and not streaming:
        return plain(reply)
    change = REPLY_FAULTS.get(fault.name)
    return reply if change is None else change(reply, fault.value)
