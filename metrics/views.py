"""The overview of the account, for staff. The address holds the whole state of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from metrics import cards, charts, overview, periods, reports, rollups, tables
from metrics.access import for_account_readers
from metrics.links import Links, State, asked_kind
from metrics.overview import Overview


@for_account_readers
@require_safe
def savings(request: HttpRequest) -> HttpResponse:
    """Return the savings page: one kind of money, real or simulated, never both."""
    query = request.GET.dict()
    period, problem = periods.from_query(query)
    standing = rollups.catch_up()
    seen = overview.read(
        period,
        simulated=asked_kind(query),
        compare=query.get("compare") != "0",
    )
    state = _state(seen, query)
    context = {
        **admin.site.each_context(request),
        "title": "Savings",
        "is_nav_sidebar_enabled": False,
        "problem": problem,
        "period": period,
        "standing": standing,
        "pruned": standing.pruned_in(period),
        "time_zone": timezone.get_current_timezone_name(),
        "simulated": seen.simulated,
        **_controls(state),
        "other_kind": _other_kind(seen, state),
        **_figures(seen, state),
    }
    return TemplateResponse(request, "metrics/savings.html", context)


def _state(seen: Overview, query: Mapping[str, str]) -> State:
    """What an address of this page says; a table that there is not is not shown."""
    shown = query.get("show", "")
    names = {kind.by for kind in tables.KINDS.values()}
    return State(
        period=seen.period,
        simulated=seen.simulated,
        compare=query.get("compare") != "0",
        shown=shown if shown in names else "",
    )


def _controls(state: State) -> dict[str, Any]:
    return {
        "presets": state.presets,
        "kept": state.kept,
        "compare": state.compare,
        "compare_url": state.url(compare="0" if state.compare else ""),
    }


def _other_kind(seen: Overview, state: State) -> dict[str, Any] | None:
    """The way to the other kind of money; None when there is none in this period."""
    if not seen.other.decisions:
        return None
    return {
        "url": state.url(simulated=str(int(not seen.simulated))),
        "decisions": seen.other.decisions,
    }


def _figures(seen: Overview, state: State) -> dict[str, Any]:
    total = seen.figures.total
    links = Links(period=seen.period, simulated=seen.simulated)
    breakdown = reports.tables(seen.period, simulated=seen.simulated)
    return {
        "total": tables.row_of(total, links, {}),
        "cards": cards.cards(seen.figures, links),
        "losses": cards.losses(seen, links),
        "days": tables.day_rows(seen.days, links),
        "tables": tables.tables(breakdown, state),
        "chart": charts.savings_chart(seen.days) if total.decisions else None,
    }
