"""Switches on default providers, and their rules, when their key is first there."""

from __future__ import annotations

from django.db import transaction

from routing.config import Pattern
from routing.defaults import default_document
from routing.models import CascadeRule, Installation, Provider
from routing.startup.providers import has_key


def switch_on() -> list[str]:
    """Return the default providers that were switched on now with their rules, by name.

    Each is switched on once: what an operator switches off afterwards stays off. With a
    provider, also with one that an operator was first to switch on, go those of the
    default rules that draft with it.
    """
    installation = Installation.current()
    done = list(installation.switched_on)
    waiting = Provider.objects.filter(name__in=_shipped_off("providers"))
    found = [p for p in waiting if p.name not in done and has_key(p)]
    with transaction.atomic():
        for provider in found:
            provider.enabled = True
            provider.save()
            _switch_rules_on(provider)
        if found:
            names = [*done, *(provider.name for provider in found)]
            Installation.objects.filter(pk=1).update(switched_on=names)
    return [provider.name for provider in found]


def _switch_rules_on(provider: Provider) -> None:
    patterns = [Pattern(row.name) for row in provider.models.all()]
    off = _shipped_off("rules")
    for rule in CascadeRule.objects.filter(enabled=False, name__in=off):
        if any(pattern.matches(rule.draft_model) for pattern in patterns):
            rule.enabled = True
            rule.save()


def _shipped_off(section: str) -> list[str]:
    """Return the names of the default rows that wait for a key."""
    document = default_document()
    entries = document.rules if section == "rules" else document.providers
    return [
        entry.values["name"]
        for entry in entries or ()
        if entry.values.get("enabled") is False
        and entry.values.get("kind") != Provider.Kind.SIMULATOR
    ]
