"""For load balancers, Prometheus and people who type the bare address."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import Error as DatabaseError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseForbidden,
    HttpResponseRedirect,
    JsonResponse,
)
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, generate_latest

from cascadeproxy import __version__
from metrics import backlog, recorder
from metrics.gauges import Backlog, MeasuredQuality, OpenBreakers, PausedRules
from metrics.quality_figures import Quality, last_week
from metrics.stakes import paused_rules
from routing import breaker
from routing.snapshot import holder

LOOPBACK = ("127.0.0.1", "::1")

# What all workers share is asked for when it is scraped, beside what each has counted.
_shared = CollectorRegistry()
_shared.register(
    OpenBreakers(lambda: [(each.provider, each.model) for each in breaker.conditions()])
)
_shared.register(PausedRules(lambda: paused_rules(holder.learned)))


def _waiting_bytes() -> int | None:
    if not holder.healthy:  # a database that is away must not hold up a scrape
        return None
    return backlog.waiting_bytes(settings.CASCADE_JOURNAL_DIR)


def _quality() -> Quality | None:
    return last_week() if holder.healthy else None


_shared.register(Backlog(_waiting_bytes))
_shared.register(MeasuredQuality(_quality))


def home(request: HttpRequest) -> HttpResponse:
    """Send people to the reports; answer 200 to clients that only knock (HEAD)."""
    if request.method == "HEAD":
        return HttpResponse(status=200, content_type="text/plain")
    return HttpResponseRedirect("/reports/")


def health(request: HttpRequest) -> JsonResponse:
    """Say that the process is up. Asks nobody else."""
    del request
    return JsonResponse({"status": "ok", "version": __version__})


def ready(request: HttpRequest) -> JsonResponse:
    """Say whether requests can be answered: 200 when so, if only degraded, else 503.

    A database that is away degrades: the snapshot serves on, decisions wait in the
    journal. Makes no query once this process has a snapshot; until then it loads one,
    because a balancer sends no request before we are ready.
    """
    del request
    loaded = _load_snapshot()
    checks = {
        "snapshot": loaded,
        "provider": loaded and bool(holder.get().patterns),
        "journal": recorder.writable(),
        "database": holder.healthy,
    }
    if not (checks["snapshot"] and checks["provider"]):
        status = "not_ready"
    elif all(checks.values()):
        status = "ready"
    else:
        status = "degraded"
    body = {"status": status, "checks": checks, "version": __version__}
    return JsonResponse(body, status=503 if status == "not_ready" else 200)


def _load_snapshot() -> bool:
    try:
        holder.get()
    except DatabaseError:
        return False
    return True


def metrics(request: HttpRequest) -> HttpResponse:
    """Return the instruments of all workers, to who may read them.

    With `CASCADE_METRICS_TOKEN` that is its bearer; without one, a peer on this machine
    that came through no other proxy.
    """
    if not _may_scrape(request):
        return HttpResponseForbidden(
            "Send CASCADE_METRICS_TOKEN as authorization: Bearer.",
            content_type="text/plain",
        )
    response: HttpResponse = ExportToDjangoView(request)
    response.content += generate_latest(_shared)
    return response


def _may_scrape(request: HttpRequest) -> bool:
    token = settings.CASCADE_METRICS_TOKEN
    if token:
        sent = request.headers.get("authorization", "")
        return hmac.compare_digest(sent.encode(), f"Bearer {token}".encode())
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    local = request.META.get("REMOTE_ADDR") in LOOPBACK and not forwarded
    return local and _is_known_host(request)


def _is_known_host(request: HttpRequest) -> bool:
    """Whether we are asked by a name of ours: a page could lead here by its own."""
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True
