"""Recorded decisions, one at a time: from the database, or from a file of an export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec
from django.db.models import Q

from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.selection import Selection
from metrics.simulation import Decided

ROWS_A_CHUNK = 2_000
# A line of an export has a few kilobytes; what is longer is something else.
MAX_LINE_BYTES = 1024 * 1024


class UnreadableLine(ValueError):
    """A line is no decision of an export; the text says which line and why."""


class Line(Decided, frozen=True):
    """A line of `/reports/decisions.jsonl`, of which the rest is not read."""

    endpoint: str = ""


_decode = msgspec.json.Decoder(Line).decode


def of_period(period: Period, *, rule: str | None = None) -> Iterator[Decided]:
    """Return the decisions of `period`, or of one rule in it; day by day.

    No query, and no cursor, is held for longer than a day. None of account endpoints.
    """
    wanted = ~Q(outcome=RoutingDecision.Outcome.ACCOUNT)
    if rule is not None:
        wanted &= Q(rule=rule)
    for of_day in Selection(period=period, wanted=wanted, kind="all").by_day():
        rows = RoutingDecision.objects.filter(of_day).order_by()
        values = rows.values_list(*Decided.__struct_fields__)
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
            yield read


def _read(line: bytes, number: int) -> Line:
    try:
        read = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UnreadableLine(f"line {number}: {problem}") from problem
    if read.outcome not in RoutingDecision.Outcome.values:
        raise UnreadableLine(f"line {number}: there is no outcome {read.outcome!r}")
    return read
