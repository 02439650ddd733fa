"""The page of one rule: what it did, what another threshold would have done.

Reads sums and what was learned, never rows of decisions. Its address holds its state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from metrics import (
    periods,
    reports,
    rollups,
    rule_charts,
    rule_reports,
    stakes,
    tables,
    what_if,
    what_if_words,
)
from metrics.access import for_account_readers
from metrics.links import Links, State, asked_kind
from metrics.periods import Period
from metrics.rule_charts import Annotation
from metrics.types import SavingsRow
from metrics.what_if import Basis
from routing import history
from routing.history import Version
from routing.models import CascadeRule
from routing.pages import rule_cards, rule_section

ByKind = Mapping[bool, SavingsRow]
# Where no rule says otherwise.
USUAL_THRESHOLD = 0.7
# So many changes are marked on the trend, the newest.
MAX_CHANGES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The rule a page is about: its row while there is one, and its versions.

    `now_called` is its name of today when decisions were made under another.
    """

    name: str
    row: CascadeRule | None
    versions: list[Version]
    now_called: str = ""


@for_account_readers
@require_safe
def rule_page(request: HttpRequest, name: str) -> HttpResponse:
    """Return the page of the rule `name`, also of one that is gone but has decided."""
    if "\x00" in name:  # no row holds it, and not every database can be asked for it
        raise Http404
    query = request.GET.dict()
    period, problem = periods.from_query(query)
    standing = rollups.catch_up()
    subject = _subject(name)
    days_by_kind = reports.rule_by_day(name, period)
    there = bool(subject.versions or subject.row or any(days_by_kind.values()))
    if not there and not rule_reports.has_decided(name):
        raise Http404
    by_kind = {kind: reports.total(days) for kind, days in days_by_kind.items()}
    asked = asked_kind(query)
    simulated = reports.shows_simulated(by_kind) if asked is None else asked
    percent, other_problem = _asked_percent(request, subject)
    about, days = _about(request, subject), days_by_kind[simulated]
    context = {
        **admin.site.each_context(request),
        **_frame(period, by_kind, simulated=simulated),
        **about,
        **_figures(subject, period, days, simulated=simulated),
        "problems": [text for text in (problem, other_problem) if text],
        "standing": standing,
        "pruned": standing.pruned_in(period),
    }
    context |= _what_if(
        subject,
        rule_reports.basis(name, period, context["total"], simulated=simulated),
        percent,
    )
    context |= rule_section.section(subject.row, simulated=simulated)
    context["trend"] = rule_charts.trend(context["all_days"], about["annotations"])
    return TemplateResponse(request, "routing/rule_page.html", context)


def _frame(period: Period, by_kind: ByKind, *, simulated: bool) -> dict[str, Any]:
    """Which decisions the page is about, and the ways to others."""
    state = State(period=period, simulated=simulated)
    words = {**state.days, **state.kept}
    return {
        "is_nav_sidebar_enabled": False,
        "period": period,
        "state": words,
        "state_query": urlencode(words),
        "presets": state.presets,
        "kept": state.kept,
        "compare": True,
        "time_zone": timezone.get_current_timezone_name(),
        "simulated": simulated,
        "other_kind": _other_kind(by_kind, state),
    }


def _about(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """The rule, its changes, and what this reader may do to it."""
    may = _may(request, subject)
    return {
        "title": f"Rule {subject.name}",
        "subject": subject,
        "rule": subject.row,
        "may": may,
        "last": subject.versions[0] if subject.versions else None,
        "annotations": _annotations(subject, named=may["view"]),
    }


def _subject(name: str) -> Subject:
    row = CascadeRule.objects.filter(name=name).first()
    pk = row.pk if row else history.last_key_of(CascadeRule, name=name)
    if pk is None:
        return Subject(name=name, row=None, versions=[])
    renamed = None if row else CascadeRule.objects.filter(pk=pk).first()
    return Subject(
        name=name,
        row=row,
        versions=history.versions(CascadeRule, pk, at_most=MAX_CHANGES),
        now_called=renamed.name if renamed else "",
    )


def _asked_percent(request: HttpRequest, subject: Subject) -> tuple[int, str]:
    """The threshold to look at, in percent, and what is wrong with the one asked."""
    own = subject.row.threshold if subject.row else USUAL_THRESHOLD
    asked = request.GET.get("threshold", "")
    try:
        threshold = float(asked) if asked else own
    except ValueError:
        threshold = math.nan
    if 0 <= threshold <= 1:
        return what_if.percent_of(threshold), ""
    words = "A threshold lies between 0 and 1; this is the rule's own."
    return what_if.percent_of(own), words


def _other_kind(by_kind: ByKind, state: State) -> dict[str, Any] | None:
    """The way to the other kind of money; None when there is none in this period."""
    decisions = by_kind[not state.simulated].decisions
    if not decisions:
        return None
    url = state.url(simulated=str(int(not state.simulated)))
    return {"url": url, "decisions": decisions}


def _may(request: HttpRequest, subject: Subject) -> dict[str, bool]:
    """What this reader may do to the rule, and whether to see who changed it."""
    user = request.user
    change = user.has_perm("routing.change_cascaderule")
    there = subject.row is not None
    return {
        "change": change and there,
        "view": change or user.has_perm("routing.view_cascaderule"),
    }


def _figures(
    subject: Subject, period: Period, decided: list[SavingsRow], *, simulated: bool
) -> dict[str, Any]:
    days = rule_reports.every_day(decided, period)
    now = reports.total(days)
    before = reports.total(
        reports.rule_by_day(subject.name, period.previous)[simulated]
    )
    links = Links(period=period, simulated=simulated, rule=subject.name)
    known = rule_reports.learned(subject.name, simulated=simulated)
    return {
        "total": now,
        "total_row": tables.row_of(now, links, {}),
        "cards": rule_cards.cards(
            now, before, links=links, of_late=stakes.mostly(known, subject.name)
        ),
        "paused": rule_cards.pauses(subject.row, known),
        "days": tables.day_rows([day for day in days if day.decisions], links),
        "all_days": days,
    }


def _what_if(subject: Subject, basis: Basis, percent: int) -> dict[str, Any]:
    row = subject.row
    outlook = what_if.outlook(basis, percent)
    return {
        "own_threshold": history.number(row.threshold) if row else "",
        "own_prior": history.number(row.prior) if row else "",
        "basis": basis,
        "basis_json": basis_json(basis),
        "figures": what_if_words.figures(basis, outlook, percent),
        "chosen": f"{percent / 100:.2f}",
        "histogram": rule_charts.histogram(
            basis.judged, threshold=row.threshold if row else None, chosen=percent
        ),
    }


def basis_json(basis: Basis) -> str:
    """Return what the script reckons from; money as text, which no script rounds."""
    happened, judged, labelled = basis.happened, basis.judged, basis.labelled
    told = {
        "cascaded": happened.cascaded,
        "accepted": happened.accepted,
        "costNusd": str(happened.cost_nusd),
        "baselineNusd": str(happened.baseline_nusd),
        "acceptedBins": judged.accepted,
        "rejectedBins": judged.rejected,
        "acceptedNusd": [str(nusd) for nusd in judged.accepted_nusd],
        "rejectedNusd": [str(nusd) for nusd in judged.rejected_nusd],
        "samples": labelled.samples,
        "weight": labelled.weight,
        "worseWeight": labelled.worse_weight,
        "minSamples": what_if.MIN_SAMPLES,
    }
    return msgspec.json.encode(told).decode()


def _annotations(subject: Subject, *, named: bool) -> list[Annotation]:
    """When the rule was changed, the oldest first; what and by whom where `named`."""
    return [
        Annotation(
            day=timezone.localtime(version.at).date().isoformat(),
            text=str(version) if named else version.kind,
        )
        for version in reversed(subject.versions)
        if version.changes or version.kind != "changed"
    ]
