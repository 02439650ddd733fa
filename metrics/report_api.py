"""The figures of the pages for programs: `/api/reports/`. See docs/reports.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from metrics import (
    export_rows,
    overview,
    periods,
    rollups,
    selection,
    statement_rows,
    statements,
    summaries,
)
from metrics.models import RoutingDecision
from metrics.report_keys import ReportError, answered, for_report_keys
from metrics.selection import Selection, UnknownSelection

DEFAULT_LIMIT, MOST = 200, 1_000
# So few digits that there is such a moment, and such a number in every database.
CURSOR = re.compile(r"([0-9]{1,17})-([0-9]{1,18})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@for_report_keys("summary")
def summary(request: HttpRequest) -> HttpResponseBase:
    """Return the sums of a period, in all and by what `by` names."""
    query = request.GET.dict()
    by = query.pop("by", "day")
    compare = query.pop("compare", "0")
    if by not in summaries.BY:
        raise _bad(f"by is one of {', '.join(summaries.BY)}.")
    if compare not in ("0", "1"):
        raise _bad("compare is 0 or 1.")
    asked = _asked(query, ("simulated",))
    if asked.kind == "all":
        raise _bad("simulated is 0 or 1: sums are of one kind of money.")
    simulated = asked.kind == "1"
    standing = rollups.catch_up()
    seen = overview.read(asked.period, simulated=simulated, compare=compare == "1")
    return answered(
        {
            **summaries.whole(seen),
            "time_zone": standing.time_zone,
            "behind": standing.behind,
            "by": by,
            "rows": summaries.labelled(summaries.rows_of(seen, by), by),
        }
    )


@for_report_keys("decisions")
def decisions(request: HttpRequest) -> HttpResponseBase:
    """Return decisions, oldest first, and the cursor of the next ones, if any."""
    query = request.GET.dict()
    limit = _limit(query.pop("limit", str(DEFAULT_LIMIT)))
    after = query.pop("cursor", "")
    asked = _asked(query, selection.FILTERS)
    period = asked.period
    wanted = asked.wanted & Q(started_at__gte=period.start, started_at__lt=period.end)
    if after:
        wanted &= _after(after)
    shape = export_rows.WHOLE
    found = list(
        RoutingDecision.objects.filter(wanted)
        .order_by("started_at", "pk")
        .values_list("pk", *shape.columns)[: limit + 1]
    )
    page = found[:limit]
    return answered(
        {
            "decisions": [
                dict(zip(shape.names, shape.row_of(values), strict=True))
                for _, *values in page
            ],
            "next_cursor": _cursor(page[-1]) if len(found) > limit else None,
        }
    )


@for_report_keys("statements")
def statement(request: HttpRequest, month: str) -> HttpResponseBase:
    """Return the statement of a month by tag, or by what `by` names."""
    query = request.GET.dict()
    by = statements.axis(query.pop("by", "tag"))
    if by is None or query:
        raise _bad(f"by is one of {', '.join(statements.AXES)}; there is nothing else.")
    try:
        period = periods.month(month)
    except ValueError as problem:
        raise ReportError(404, "not_found_error", f"{problem}.") from problem
    standing = rollups.catch_up()
    told = statement_rows.as_json(
        statements.read(period, by=by), timezone.get_current_timezone_name()
    )
    return answered({**told, "behind": standing.behind})


@for_report_keys(None)
def unknown(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    """Say that there is no such report, to whoever has a key."""
    del request, rest
    raise ReportError(404, "not_found_error", "There is no such report.")


def _asked(query: Mapping[str, str], filters: tuple[str, ...]) -> Selection:
    try:
        return selection.from_query(query, filters=filters)
    except UnknownSelection as problem:
        raise _bad(str(problem)) from problem


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise _bad(f"limit is a number from 1 to {MOST}.")
    return int(text[:9])


def _cursor(values: tuple[Any, ...]) -> str:
    """Where a page ended: the moment of its last decision, and its number."""
    pk, started_at, *_ = values
    return f"{(started_at - EPOCH) // MICROSECOND}-{pk}"


def _after(cursor: str) -> Q:
    """The decisions behind `cursor`; the first condition is for the index."""
    found = CURSOR.fullmatch(cursor)
    if found is None:
        raise _bad("cursor is what next_cursor said.")
    moment = EPOCH + int(found[1]) * MICROSECOND
    later = Q(started_at__gt=moment) | Q(started_at=moment, pk__gt=int(found[2]))
    return Q(started_at__gte=moment) & later


def _bad(message: str) -> ReportError:
    return ReportError(400, "invalid_request_error", message)
