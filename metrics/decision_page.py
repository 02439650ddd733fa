"""The page of one decision, `/d/<id>`: what happened, why, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from metrics import (
    contributions,
    explanations,
    formats,
    label_view,
    pricing,
    text_section,
    timeline,
)
from metrics.access import for_account_readers
from metrics.admin_tables import calls_of
from metrics.identifiers import is_decision_id
from metrics.models import RoutingDecision
from metrics.timeline import Scale
from metrics.types import CallRecord, Price, Usage

NUSD_PER_USD = 10**9
SHOWN_EVALUATIONS = 5
CLASSES = (
    ("Input", "input"),
    ("Output", "output"),
    ("Cache read", "cache_read"),
    ("Cache write 5 m", "cache_write_5m"),
    ("Cache write 1 h", "cache_write_1h"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Tokens of one class: how many, what a million of them costs, what they cost."""

    label: str
    tokens: str
    price: str
    cost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A call as the page shows it. `notes` say what its tokens do not."""

    role: str
    record: CallRecord
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


@for_account_readers
@never_cache
@require_safe
def decision(request: HttpRequest, decision_id: str) -> HttpResponse:
    """Return the page of a decision; a 404 that explains itself when there is none."""
    shared = {**admin.site.each_context(request), "is_nav_sidebar_enabled": False}
    found = _find(decision_id)
    if found is None:
        context = {**shared, "title": "No such decision", "decision_id": decision_id}
        template = "metrics/no_decision.html"
        return TemplateResponse(request, template, context, status=404)
    context = {
        **shared,
        **_context(found),
        "title": f"Decision {decision_id}",
        "text": text_section.for_viewer(found, request.user),
        "labels": label_view.labels_for(request, found),
        "contributions": contributions.of(found),
        **_evaluations(found),
    }
    return TemplateResponse(request, "metrics/decision.html", context)


def url_of(decision_id: str) -> str:
    """Return the address of the page of a decision."""
    return reverse("metrics:decision", args=[decision_id])


def _find(decision_id: str) -> RoutingDecision | None:
    if not is_decision_id(decision_id):
        return None
    return RoutingDecision.objects.filter(decision_id=decision_id).first()


def _context(found: RoutingDecision) -> dict[str, Any]:
    calls = calls_of(found)
    previous, following = _neighbours(found)
    return {
        "decision": found,
        "outcome": explanations.outcome_in_words(found),
        "reason": explanations.reason_in_words(found),
        "marks": explanations.marks_of(found),
        "scale": _scale(found),
        "signals": [
            (name, _signal(value), effect)
            for name, value, effect in explanations.signals_of(found)
        ],
        "timeline": timeline.timeline(
            calls, total_ms=found.total_ms, first_byte_ms=found.first_byte_ms
        ),
        "returned": _returned(found),
        "other_role": _other_role(calls),
        "overhead": f"{found.overhead_us / 1000:.2f} ms",
        "calls": [_call_view(call) for call in calls],
        "lost": found.saving_nusd is not None and found.saving_nusd < 0,
        "basis": explanations.basis_in_words(found),
        "estimate": explanations.estimate_in_words(found),
        "previous": previous and url_of(previous),
        "next": following and url_of(following),
        **_links(found),
    }


def _returned(found: RoutingDecision) -> str:
    """Whose answer went to the client: `draft`, `verifier`, or "" for nobody's."""
    if not found.served_model:
        return ""
    by_draft = bool(found.draft_model) and found.served_model == found.draft_model
    return "draft" if by_draft else "verifier"


def _other_role(calls: list[CallRecord]) -> str:
    """Who answered, or was to answer, beside the draft, with its model."""
    others = [call for call in calls if call.role in ("verifier", "fallback")]
    if not others:
        return "Verifier"
    return f"{timeline.role_in_words(others[-1]).capitalize()}: {others[-1].model}"


def _scale(found: RoutingDecision) -> Scale | None:
    """The scale of a judged draft; None when none was judged."""
    if found.confidence is None or found.threshold is None:
        return None
    return timeline.scale(confidence=found.confidence, threshold=found.threshold)


def _signal(value: float | None) -> str:
    return "not a number" if value is None else f"{value:g}"


def _call_view(call: CallRecord) -> CallView:
    return CallView(
        role=timeline.role_in_words(call),
        record=call,
        lines=tuple(_line(*names, call) for names in CLASSES) if call.usage else (),
        notes=tuple(_notes(call)),
    )


def _line(label: str, name: str, call: CallRecord) -> Line:
    """What a class costs alone; the call is rounded once, so the sum may differ."""
    tokens = getattr(call.usage, f"{name}_tokens")
    price = call.price
    alone = Usage(**{f"{name}_tokens": tokens})
    cost_nusd = pricing.cost_nusd(alone, price) if price else None
    return Line(
        label=label,
        tokens=formats.count(tokens),
        price=_per_million(price, name),
        cost=formats.usd(cost_nusd),
    )


def _per_million(price: Price | None, name: str) -> str:
    if price is None:
        return "unknown"
    return f"${formats.plain(Decimal(getattr(price, f'{name}_nusd')) / NUSD_PER_USD)}"


def _notes(call: CallRecord) -> list[str]:
    usage = call.usage
    if usage is None:
        known = "It failed, so it costs nothing." if call.cost_nusd == 0 else ""
        return [f"The provider reported no tokens. {known}".strip()]
    notes = []
    if call.role == "spare":
        notes.append(
            "It was asked beside the draft, which was accepted after all. Its answer "
            "was not read: it is counted at what that would have cost."
        )
    if usage.web_searches:
        each = call.price.web_search_nusd if call.price else None
        notes.append(
            f"Web searches: {formats.count(usage.web_searches)}, {formats.usd(each)} "
            "each."
        )
    if usage.tariff:
        notes.append(f"Priced at the tariff {usage.tariff}, not the listed one.")
    if usage.unpriced:
        notes.append(f"Billed beyond these counts: {usage.unpriced}.")
    return notes


def _neighbours(found: RoutingDecision) -> tuple[str | None, str | None]:
    """The ids of the decisions of the same key before and after; None at the ends.

    Cost: two queries over the index on key and time, of a row each.
    """
    same_key = RoutingDecision.objects.filter(key_name=found.key_name)
    moment, pk = found.started_at, found.pk
    before = same_key.filter(
        Q(started_at__lt=moment) | Q(pk__lt=pk), started_at__lte=moment
    )
    after = same_key.filter(
        Q(started_at__gt=moment) | Q(pk__gt=pk), started_at__gte=moment
    )
    return (
        before.order_by("-started_at", "-pk")
        .values_list("decision_id", flat=True)
        .first(),
        after.order_by("started_at", "pk")
        .values_list("decision_id", flat=True)
        .first(),
    )


def _evaluations(found: RoutingDecision) -> dict[str, Any]:
    """The decision this one is about, and those that are about this one. One query."""
    about = RoutingDecision.objects.filter(about=found.decision_id).exclude(about="")
    # Not sorted by the database, which might then read all rows in that order.
    ids = about.values_list("decision_id", flat=True)[:SHOWN_EVALUATIONS]
    return {
        "about_url": url_of(found.about) if found.about else "",
        "evaluations": [(each, url_of(each)) for each in sorted(ids)],
    }


def _links(found: RoutingDecision) -> dict[str, str]:
    """Ways to the same rule and key. A rule may be gone: its list is then empty."""
    rules = reverse("admin:routing_cascaderule_changelist")
    return {
        "rule_url": f"{rules}?{urlencode({'name__exact': found.rule})}",
        "same_rule_url": _list_url(rule__exact=found.rule),
        "label_url": reverse("metrics:label", args=[found.decision_id]),
        "same_key_url": _list_url(key_name__exact=found.key_name),
    }


def _list_url(**filters: str) -> str:
    url = reverse("admin:metrics_routingdecision_changelist")
    return f"{url}?{urlencode(filters)}"
