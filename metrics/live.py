"""The last requests as they arrive: a plain page, and what its script asks for."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from metrics import formats
from metrics.access import for_account_readers
from metrics.admin_tables import calls_of
from metrics.decision_page import url_of
from metrics.models import RoutingDecision

ROWS_AT_MOST = 100
# Longer ones are no row's; what they would ask for overflows some databases.
LAST_DIGITS = 18


@for_account_readers
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Return the last requests, the newest first."""
    # Asked first: what comes between the two queries is told by the next poll, twice
    # at worst.
    last = RoutingDecision.objects.aggregate(last=Max("pk"))["last"] or 0
    newest = RoutingDecision.objects.order_by("-started_at", "-pk")[:ROWS_AT_MOST]
    context = {
        **admin.site.each_context(request),
        "title": "Live",
        "is_nav_sidebar_enabled": False,
        "last": last,
        "rows": [_row(each) for each in newest],
        "rows_at_most": ROWS_AT_MOST,
        "time_zone": timezone.get_current_timezone_name(),
    }
    return TemplateResponse(request, "metrics/live.html", context)


@for_account_readers
@require_safe
def arrivals(request: HttpRequest) -> HttpResponse:
    """Return the decisions loaded since the one numbered `after`, the newest first.

    At most 100; `more` says that there were others. Numbers are given as decisions are
    loaded, so a long request that began before others is not passed over.
    """
    after = request.GET.get("after", "")
    if not (after.isascii() and after.isdigit() and len(after) <= LAST_DIGITS):
        return HttpResponseBadRequest("after is a number.\n", content_type="text/plain")
    newest = RoutingDecision.objects.filter(pk__gt=int(after)).order_by("-pk")
    found = list(newest[: ROWS_AT_MOST + 1])
    answer = {
        "last": found[0].pk if found else int(after),
        "more": len(found) > ROWS_AT_MOST,
        "rows": [_row(each) for each in found[:ROWS_AT_MOST]],
    }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _row(decision: RoutingDecision) -> dict[str, Any]:
    """What the page shows of a decision, as text: names of models are the client's."""
    saving = decision.saving_nusd
    return {
        "id": decision.decision_id,
        "url": url_of(decision.decision_id),
        "started": _moment(decision),
        "key": decision.key_name,
        "rule": decision.rule,
        "outcome": _outcome(decision),
        "reason": decision.reason or decision.endpoint,
        "models": _models(decision),
        "tokens": _tokens(decision),
        "cost": formats.usd(decision.cost_nusd),
        "saving": formats.usd(saving),
        "loss": saving is not None and saving < 0,
        "time": formats.milliseconds(decision.total_ms),
    }


def _moment(decision: RoutingDecision) -> str:
    """The time of day, with the day when that is not today."""
    moment = timezone.localtime(decision.started_at)
    today = moment.date() == timezone.localdate()
    return f"{moment:%H:%M:%S}" if today else f"{moment:%m-%d %H:%M:%S}"


def _outcome(decision: RoutingDecision) -> str:
    words = [decision.get_outcome_display()]
    if decision.aborted:
        words.append("client gone")
    elif decision.status >= 400:
        words.append(f"status {decision.status}")
    if decision.simulated:
        words.append("simulated")
    return ", ".join(words)


def _models(decision: RoutingDecision) -> str:
    asked, served = decision.requested_model, decision.served_model
    return asked if served in ("", asked) else f"{asked} → {served}"


def _tokens(decision: RoutingDecision) -> str:
    usages = [call.usage for call in calls_of(decision) if call.usage]
    prompt = formats.count(sum(usage.prompt_tokens for usage in usages))
    return f"{prompt} / {formats.count(sum(usage.output_tokens for usage in usages))}"
