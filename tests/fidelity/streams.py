"""The usual stream, and rows about streams."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import (
    TEXT,
    block_events,
    end,
    event,
    live,
    request,
    start,
)

BODY = request(stream=True)
PING = event("ping")
INNER = tuple(block_events(0, TEXT))
USUAL = (start(), *INNER, *end())
BEGUN = (start(), *INNER[:2])


def row(number: str, what: str, source: str, *events: bytes, **case: Any) -> Case:
    """Return a row whose answer is a stream of these events."""
    answer = case.pop("answer", None) or live(*events)
    usual = {"body": BODY, "answer": answer}
    return Case(id=f"S{number}", what=f"stream: {what}", source=source, **usual | case)


def added(*events: bytes, before: int = 3) -> tuple[bytes, ...]:
    """The usual stream with these events in it."""
    return (*USUAL[:before], *events, *USUAL[before:])
