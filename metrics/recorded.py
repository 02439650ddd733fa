"""Recorded decisions, one at a time: from the database, or from a file of an export."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import IO

import msgspec

from metrics.models import RoutingDecision
from metrics.periods import Period, midnight
from metrics.simulation import Decided

ROWS_A_CHUNK = 2_000
# A line of an export has a few kilobytes; what is longer is something else.
MAX_LINE_BYTES = 1024 * 1024


class UnreadableLine(ValueError):
    """A line is no decision of an export; the text says which line and why."""


class Line(msgspec.Struct, frozen=True):
    """What is read of a line of `/reports/decisions.jsonl`. See docs/reports.md."""

    rule: str
    simulated: bool
    outcome: str
    reason: str
    confidence: float | None
    cost_nusd: int | None
    baseline_nusd: int | None
    endpoint: str = ""


_decode = msgspec.json.Decoder(Line).decode


def of_period(period: Period, *, rule: str | None = None) -> Iterator[Decided]:
    """Return the decisions of `period`, or of one rule in it; day by day.

    No query, and no cursor, is held for longer than a day. None of account endpoints.
    """
    starts = [*map(midnight, period.days), period.end]
    for start, end in pairwise(starts):
        rows = RoutingDecision.objects.filter(started_at__gte=start, started_at__lt=end)
        if rule is not None:
            rows = rows.filter(rule=rule)
        rows = rows.exclude(outcome=RoutingDecision.Outcome.ACCOUNT).order_by()
        values = rows.values_list(*Decided._fields)
        for row in values.iterator(chunk_size=ROWS_A_CHUNK):
            yield Decided(*row)


def of_file(lines: IO[bytes]) -> Iterator[Decided]:
    """Return the decisions of a file that `/reports/decisions.jsonl` gave, in order.

    Blank lines and decisions of account endpoints are left out. Raises UnreadableLine
    for anything else.
    """
    number = 0
    while line := lines.readline(MAX_LINE_BYTES):
        number += 1
        if len(line) == MAX_LINE_BYTES:
            raise UnreadableLine(f"line {number}: too long for a decision")
        if not line.strip():
            continue
        read = _read(line, number)
        if read.outcome != RoutingDecision.Outcome.ACCOUNT:
            yield Decided(*(getattr(read, name) for name in Decided._fields))


def _read(line: bytes, number: int) -> Line:
    try:
        read = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UnreadableLine(f"line {number}: {problem}") from problem
    if read.outcome not in RoutingDecision.Outcome.values:
        raise UnreadableLine(f"line {number}: there is no outcome {read.outcome!r}")
    return read
