"""Decisions and sums as files: CSV for spreadsheets, JSON lines for programs.

Nothing is held but a few hundred rows at a time, however many there are.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Literal, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from metrics import export_rows, rollups, selection, summaries
from metrics.access import for_account_readers
from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.selection import Selection, UnknownSelection
from metrics.types import SavingsRow

FileKind = Literal["csv", "jsonl"]
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
# Read and sent at once: so few that other requests of a worker wait for milliseconds.
ROWS_A_CHUNK = 200
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@for_account_readers
@require_GET
def decisions(request: HttpRequest, kind: FileKind) -> HttpResponseBase:
    """Return the decisions that the query selects, oldest first, a line each."""
    try:
        asked = selection.from_query(request.GET.dict(), filters=selection.FILTERS)
    except UnknownSelection as problem:
        return _refused(problem)
    shape = export_rows.FLAT if kind == "csv" else export_rows.WHOLE
    return file(f"decisions{_suffix(asked)}", kind, shape.names, _rows(asked, shape))


@for_account_readers
@require_GET
def summary(request: HttpRequest, kind: FileKind) -> HttpResponseBase:
    """Return the sums of the savings page: by day, or by what `by` names."""
    query = request.GET.dict()
    by = query.pop("by", "day")
    try:
        asked = selection.from_query(query, filters=("simulated",))
        rows = _sums(by, asked)
    except UnknownSelection as problem:
        return _refused(problem)
    lines = (export_rows.of_sums(row) for row in rows)
    name = f"summary-by-{by}{_suffix(asked)}"
    return file(name, kind, (by, *export_rows.SUM_NAMES), lines)


def _sums(by: str, asked: Selection) -> list[SavingsRow]:
    """Raises UnknownSelection: real and simulated money are never in one sum."""
    if asked.kind == "all":
        raise UnknownSelection("simulated is 0 or 1: sums are of one kind of money.")
    if by not in summaries.BY:
        raise UnknownSelection(f"by is one of {', '.join(summaries.BY)}.")
    rollups.catch_up()
    return summaries.sums(by, asked.period, simulated=asked.kind == "1")


def _rows(asked: Selection, shape: export_rows.Shape) -> Iterator[tuple[Any, ...]]:
    """The rows, day by day: no query, and no cursor, is held for longer than a day."""
    for wanted in asked.by_day():
        decisions_of_day = (
            RoutingDecision.objects.filter(wanted)
            .order_by("started_at", "pk")
            .values_list(*shape.columns)
        )
        for values in decisions_of_day.iterator(chunk_size=ROWS_A_CHUNK):
            yield shape.row_of(values)


def file(
    name: str, kind: FileKind, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> StreamingHttpResponse:
    """Return `rows` as a file called after `name`, made and sent bit by bit."""
    lines = csv_lines(header, rows) if kind == "csv" else json_lines(header, rows)
    response = StreamingHttpResponse(chunks(lines), content_type=MEDIA_TYPES[kind])
    disposition = f'attachment; filename="cascadeproxy-{name}.{kind}"'
    response.headers["Content-Disposition"] = disposition
    response.headers["Cache-Control"] = "no-store"
    return response


def csv_lines(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Return a line of CSV for the header and each row. Takes a row when asked for."""
    writer = csv.writer(cast(Any, _Echo()))
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow(map(_cell, row))


def json_lines(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Return an object in a line for each row. Takes a row when asked for one."""
    names = tuple(header)
    for row in rows:
        yield export_rows.to_json(dict(zip(names, row, strict=True))).decode() + "\n"


def chunks(lines: Iterable[str]) -> Iterator[bytes]:
    """Return `lines` joined, some hundred at a time."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == ROWS_A_CHUNK:
            yield "".join(held).encode()
            held.clear()
            # Under gevent other requests of this worker get their turn.
            time.sleep(0)
    yield "".join(held).encode()


class _Echo:
    """A file for the CSV writer that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


def _cell(value: Any) -> Any:
    """`value` as a spreadsheet takes it: text never as a formula, numbers as they are.

    Source: OWASP, "CSV Injection".
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return f"{value:.9f}"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _suffix(asked: Selection) -> str:
    period: Period = asked.period
    kind = {"0": "", "1": "-simulated", "all": "-all"}[asked.kind]
    return f"-{period.first.isoformat()}-to-{period.last.isoformat()}{kind}"


def _refused(problem: UnknownSelection) -> HttpResponse:
    return HttpResponse(f"{problem}\n", status=400, content_type="text/plain")
