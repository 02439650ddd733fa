"""Pages of the account, for staff. The address holds the whole state of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from metrics import charts, formats, periods, reports, rollups
from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.types import SavingsRow

Outcome = RoutingDecision.Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure with its name, what it means, its forerunner and what is behind it."""

    label: str
    value: str
    note: str
    previous: str
    url: str
    bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row of a table with the addresses of the decisions behind it."""

    label: str
    sums: SavingsRow
    url: str
    turns_url: str
    accepted_url: str
    escalated_url: str
    pass_through_url: str
    unknown_url: str


@staff_member_required
@permission_required("metrics.view_routingdecision", raise_exception=True)
@require_safe
def savings(request: HttpRequest) -> HttpResponse:
    """Return the savings page: one kind of money, real or simulated, never both."""
    period, problem = periods.from_query(request.GET.dict())
    standing = rollups.catch_up()
    by_kind = reports.savings_by_kind(period)
    simulated = _asked_kind(request, by_kind)
    context = {
        **admin.site.each_context(request),
        "title": "Savings",
        "is_nav_sidebar_enabled": False,
        "problem": problem,
        "period": period,
        "standing": standing,
        "pruned": bool(standing.pruned_day and period.first < standing.pruned_day),
        "presets": _presets(period, simulated=simulated),
        "time_zone": timezone.get_current_timezone_name(),
        "simulated": simulated,
        "other_kind": _other_kind(request, by_kind, simulated=simulated),
        **_figures(period, by_kind[simulated], simulated=simulated),
    }
    return TemplateResponse(request, "metrics/savings.html", context)


def _asked_kind(request: HttpRequest, by_kind: Mapping[bool, list[SavingsRow]]) -> bool:
    """Whether to show simulated money: as asked, else only when there is no real.

    Requests that were refused in a trial are real decisions, but no money.
    """
    asked = request.GET.get("simulated", "")
    if asked in ("0", "1"):
        return asked == "1"
    return bool(by_kind[True]) and not reports.has_money(by_kind[False])


def _other_kind(
    request: HttpRequest,
    by_kind: Mapping[bool, list[SavingsRow]],
    *,
    simulated: bool,
) -> dict[str, Any] | None:
    """The way to the other kind of money; None when there is none in this period."""
    rows = by_kind[not simulated]
    if not rows:
        return None
    query = request.GET.copy()
    query["simulated"] = "0" if simulated else "1"
    return {
        "url": f"?{query.urlencode()}",
        "decisions": reports.total(rows).decisions,
    }


def _figures(
    period: Period, rules: list[SavingsRow], *, simulated: bool
) -> dict[str, Any]:
    everything = reports.total(rules)
    days = reports.savings_by_day(period, simulated=simulated)
    links = _Links(simulated=simulated)
    return {
        "total": _table_row(everything, links, period, {}),
        "cards": _cards(everything, period, links),
        "rules": [
            _table_row(r, links, period, {"rule__exact": r.label}) for r in rules
        ],
        "days": [_table_row(day, links, _day(day), {}) for day in reversed(days)],
        "chart": charts.savings_chart(days) if everything.decisions else None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Links:
    """Addresses of the list of decisions, filtered."""

    simulated: bool

    def decisions(self, period: Period, **filters: Any) -> str:
        """The list of the decisions of `period` that `filters` let through."""
        query = {
            "started_at__gte": period.start.isoformat(),
            "started_at__lt": period.end.isoformat(),
            "simulated__exact": int(self.simulated),
            "endpoint__exact": "",  # those of account endpoints are in no figure
            **filters,
        }
        url = reverse("admin:metrics_routingdecision_changelist")
        return f"{url}?{urlencode(query)}"


def _cards(now: SavingsRow, period: Period, links: _Links) -> list[Card]:
    before = reports.savings(period.previous, simulated=links.simulated)
    everything = links.decisions(period)
    accepted = links.decisions(period, outcome__exact=Outcome.ACCEPTED)
    cards = [
        _saved_card(now, before, everything),
        Card(
            label="Spent",
            value=formats.usd(now.cost_nusd),
            note="every call, wasted drafts too",
            previous=formats.usd(before.cost_nusd),
            url=everything,
        ),
        Card(
            label="Verifier alone",
            value=formats.usd(now.baseline_nusd),
            note="the cost without drafts",
            previous=formats.usd(before.baseline_nusd),
            url=everything,
        ),
        _accepted_card(now, before, accepted),
        Card(
            label="Turns",
            value=formats.count(now.turns),
            note=f"and {formats.count(now.repeats)} repeats of failed ones; "
            f"{formats.count(now.aborted)} aborted by the client",
            previous=formats.count(before.turns),
            url=links.decisions(period, repeat__exact=0),
        ),
    ]
    if before.decisions:
        return cards
    return [replace(card, previous="no decisions") for card in cards]


def _saved_card(now: SavingsRow, before: SavingsRow, url: str) -> Card:
    lost = now.saving_nusd < 0
    return Card(
        label="Lost" if lost else "Saved",
        value=formats.usd(abs(now.saving_nusd)),
        note=f"{formats.percent(now.saving_share)} of the verifier alone, net",
        previous=formats.usd(before.saving_nusd),
        url=url,
        bad=lost,
    )


def _accepted_card(now: SavingsRow, before: SavingsRow, url: str) -> Card:
    cascaded = now.accepted + now.escalated
    return Card(
        label="Drafts accepted",
        value=formats.percent(now.accepted_share),
        note=f"{formats.count(now.accepted)} of {formats.count(cascaded)} cascaded",
        previous=formats.percent(before.accepted_share),
        url=url,
    )


def _table_row(
    sums: SavingsRow, links: _Links, period: Period, filters: Mapping[str, str]
) -> TableRow:
    def url(**more: Any) -> str:
        return links.decisions(period, **filters, **more)

    return TableRow(
        label=sums.label,
        sums=sums,
        url=url(),
        turns_url=url(repeat__exact=0),
        accepted_url=url(outcome__exact=Outcome.ACCEPTED),
        escalated_url=url(outcome__exact=Outcome.ESCALATED),
        pass_through_url=url(outcome__exact=Outcome.PASS_THROUGH),
        unknown_url=url(saving_nusd__isnull=True),
    )


def _day(row: SavingsRow) -> Period:
    day = date.fromisoformat(row.label)
    return Period(first=day, last=day)


def _presets(period: Period, *, simulated: bool) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": f"?{urlencode({'period': name, 'simulated': int(simulated)})}",
            "current": name == period.preset,
        }
        for name, label in periods.PRESET_LABELS.items()
    ]
