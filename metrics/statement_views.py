"""Month statements: the list of months, a month to print, its files, and closing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from metrics import exports, periods, rollups, statement_rows, statements, tables
from metrics.access import for_account_readers
from metrics.exports import FileKind
from metrics.links import Links
from metrics.periods import Period
from metrics.statements import Line, Statement

MAY_CLOSE = "metrics.close_month"


@for_account_readers
@require_safe
def months(request: HttpRequest) -> HttpResponse:
    """Return the list of months there are statements of."""
    rollups.catch_up()
    context = {
        **_common(request, "Statements"),
        "months": statements.months(),
        "axes": statements.AXES,
    }
    return TemplateResponse(request, "metrics/statements.html", context)


@for_account_readers
@require_safe
def month(request: HttpRequest, month: str) -> HttpResponse:
    """Return the statement of a month by tag, or by what `by` names."""
    by = statements.axis(request.GET.get("by", "tag"))
    if by is None:
        return HttpResponseBadRequest(f"{_axes()}\n", content_type="text/plain")
    standing = rollups.catch_up()
    statement = statements.read(_month(month), by=by)
    obstacle = statements.not_closable(statement, behind=standing.behind)
    context = {
        **_common(request, f"Statement of {month}"),
        "statement": statement,
        "standing": standing,
        "axes": statements.AXES,
        "rows": [_row(line, statement) for line in statement.lines],
        "adjustments": [_row(line, statement) for line in statement.adjustments],
        "obstacle": obstacle,
        "may_close": not obstacle and request.user.has_perm(MAY_CLOSE),
    }
    return TemplateResponse(request, "metrics/statement.html", context)


@for_account_readers
@require_safe
def month_file(request: HttpRequest, month: str, kind: FileKind) -> HttpResponseBase:
    """Return the statement of a month as a file: a line for each tag or key."""
    by = statements.axis(request.GET.get("by", "tag"))
    if by is None:
        return HttpResponseBadRequest(f"{_axes()}\n", content_type="text/plain")
    rollups.catch_up()
    statement = statements.read(_month(month), by=by)
    name = f"statement-{month}-by-{by}"
    rows: Iterator[tuple[Any, ...]] = statement_rows.rows(statement)
    return exports.file(name, kind, statement_rows.names(by), rows)


@for_account_readers
@permission_required(MAY_CLOSE, raise_exception=True)
@require_POST
def close(request: HttpRequest, month: str) -> HttpResponse:
    """Close a month for good; what stands in the way is said on its page."""
    period = _month(month)
    if request.POST.get("confirmed") != "yes":
        messages.error(request, "Confirm that closing cannot be undone.")
    else:
        rollups.catch_up()
        try:
            statements.close(period, request.user)  # type: ignore[arg-type]
            messages.success(request, f"{month} is closed.")
        except statements.NotClosable as problem:
            messages.error(request, str(problem))
    return HttpResponseRedirect(reverse("metrics:statement", args=[month]))


def _month(text: str) -> Period:
    try:
        return periods.month(text)
    except ValueError as problem:
        raise Http404(str(problem)) from problem


def _axes() -> str:
    return f"by is one of {', '.join(statements.AXES)}."


def _row(line: Line, statement: Statement) -> dict[str, Any]:
    links = Links(period=statement.period, simulated=False)
    column = statements.COLUMN_OF[statement.by]
    return {
        "label": line.label or tables.KINDS[column].empty,
        "line": line,
        "url": links.decisions(**{f"{column}__exact": line.label}),
    }


def _common(request: HttpRequest, title: str) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": title,
        "is_nav_sidebar_enabled": False,
        "time_zone": timezone.get_current_timezone_name(),
    }
