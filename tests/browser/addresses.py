"""Every address of the product, found in its URL patterns, and what stands in them.

A page that is new is walked without being named here; an address that is no page must
be named with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter

from tests.browser.provision import RULES
from tests.stack import Stack

# Addresses that are no page of ours to look at, by name, or by route without one.
NO_PAGES = {
    "home": "sends on to the reports",
    "favicon": "sends on to the icon",
    "health": "for probes",
    "ready": "for probes",
    "metrics": "for Prometheus",
    "admin:login": "was walked to get in, and sends on who is in",
    "admin:logout": "takes a POST alone",
    "admin:autocomplete": "JSON for a field of a form",
    "admin:jsi18n": "a script of the admin",
    "admin:view_on_site": "no model of ours has a page of its own beside admin",
    "<path:object_id>/": "an old address, which sends on to the form",
    "(?P<url>.*)$": "whatever admin has no page for",
    "metrics:arrivals": "JSON for the live page",
    "metrics:decisions-csv": "a file",
    "metrics:decisions-jsonl": "a file",
    "metrics:summary-csv": "a file",
    "metrics:summary-jsonl": "a file",
    "metrics:label": "takes a POST alone",
    "metrics:statement-close": "takes a POST alone",
    "metrics:statement-csv": "a file",
    "metrics:statement-jsonl": "a file",
    "metrics:api-summary": "for programs",
    "metrics:api-decisions": "for programs",
    "metrics:api-statement": "for programs",
    "api/reports/": "for programs",
    "api/reports/<path:rest>": "for programs",
    "admin:routing_cascaderule_revert": "takes a POST alone",
    "admin:routing_clientkey_revert": "takes a POST alone",
    "admin:routing_provider_revert": "takes a POST alone",
    "admin:routing_upstreammodel_revert": "takes a POST alone",
    "routing:apply_threshold": "takes a POST alone",
    "routing:revert_rule": "takes a POST alone",
    "routing:messages": "for clients",
    "routing:count_tokens": "for clients",
    "routing:models": "for clients",
    "routing:model": "for clients",
    "routing:account": "for clients",
    "routing:chat": "for clients",
    "routing:responses": "for clients",
    "routing:feedback": "for clients",
    "routing:hello": "for clients",
}
# Pages beside the plain one of their address.
VARIANTS = {
    "metrics:savings": (
        "?period=7d&simulated=1",
        "?period=30d&simulated=1",
        "?period=90d&simulated=0",
        "?from=nonsense",
    ),
    "metrics:calculator": (
        "?prompt_tokens=120000&draft=anthropic/nobody",
        "?requests=0",
    ),
}


@dataclass(frozen=True, slots=True)
class Route:
    """An address as it is written in the URL patterns."""

    name: str
    route: str
    parameters: tuple[tuple[str, bool], ...]

    @property
    def known_as(self) -> str:
        """Its name; its route where it has none."""
        return self.route if self.name.endswith(":") or not self.name else self.name


def routes() -> list[Route]:
    """Return all addresses there are; those of the same name and route once."""
    return list(dict.fromkeys(_walk(get_resolver().url_patterns, "")))


def pages() -> list[Route]:
    """Return the addresses that are pages."""
    return [route for route in routes() if route.known_as not in NO_PAGES]


def addresses(route: Route, stack: Stack) -> list[str]:
    """Return the paths to look at for a route; none where there is no row for it."""
    values: dict[str, list[object]] = {
        name: _values(name, whole_number, route.name, stack)
        for name, whole_number in route.parameters
    }
    if not all(values.values()):
        return []
    count = max(map(len, values.values()), default=1)
    paths = [
        reverse(route.name, kwargs={k: v[n % len(v)] for k, v in values.items()})
        for n in range(count)
    ]
    return paths + [paths[0] + query for query in VARIANTS.get(route.name, ())]


def model_of(name: str) -> type[Model] | None:
    """Return the model whose admin page has this name; None for other pages."""
    for model in admin.site._registry:
        if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
            return model
    return None


def first_id(model: type[Model], stack: Stack) -> object | None:
    """Return the key of some row of `model`; None without any."""
    key = model._meta.pk.column
    query = f"SELECT {key} AS id FROM {model._meta.db_table} LIMIT 1"  # noqa: S608
    found = stack.query(query)
    return found[0]["id"] if found else None


def _walk(patterns: list[URLPattern | URLResolver], namespace: str) -> Iterator[Route]:
    for each in patterns:
        if isinstance(each, URLResolver):
            inside = f"{each.namespace}:" if each.namespace else ""
            yield from _walk(each.url_patterns, namespace + inside)
            continue
        converters = each.pattern.converters
        parameters = tuple(
            (name, isinstance(converters.get(name), IntConverter))
            for name in each.pattern.regex.groupindex
        )
        yield Route(f"{namespace}{each.name or ''}", str(each.pattern), parameters)


def _values(name: str, whole_number: bool, page: str, stack: Stack) -> list[object]:
    """What to put in the place of a parameter: a name says what it stands for."""
    if name == "app_label":
        return sorted({model._meta.app_label for model in admin.site._registry})
    if name == "decision_id":
        return [*_decisions(stack), "0" * 22]
    model = model_of(page)
    if model is not None and name in ("object_id", "id", "pk"):
        found = first_id(model, stack)
        return [] if found is None else [found]
    if "rule" in name or name in ("name", "pk"):
        return [_rule_id(stack) if whole_number else RULES[0]]
    today = date.today()  # noqa: DTZ011  any month will do
    moments: dict[str, tuple[object, object]] = {
        "year": (today.year, str(today.year)),
        "month": (today.month, f"{today:%Y-%m}"),
        "day": (today.day, today.isoformat()),
    }
    if name in moments:
        return [moments[name][0 if whole_number else 1]]
    raise LookupError(
        f"{page} has a parameter {name}: say here what stands for it, or in NO_PAGES "
        "why it is no page"
    )


def _decisions(stack: Stack) -> list[object]:
    """One decision of each outcome."""
    query = (
        "SELECT decision_id, outcome FROM metrics_routingdecision "
        "GROUP BY outcome ORDER BY outcome"
    )
    return [row["decision_id"] for row in stack.query(query)]


def _rule_id(stack: Stack) -> int:
    query = "SELECT id FROM routing_cascaderule WHERE name = ?"
    return int(stack.query(query, RULES[0])[0]["id"])
