"""Switches on default providers, and what waits for them, when their key is there."""

from __future__ import annotations

from django.db import transaction

from routing.config import Pattern
from routing.defaults import default_document
from routing.models import CascadeRule, Installation, Provider
from routing.startup.providers import has_key


def switch_on(auth_mode: str) -> list[str]:
    """Return the default providers that were switched on now with their rules, by name.

    Each is switched on once: what an operator switches off afterwards stays off. With a
    provider, also with one that an operator was first to switch on, go those of the
    default rules that draft with it, and the second opinions they name of it: not in
    the `auth_mode` pass_through, where clients' keys are of another provider.
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
            if auth_mode != "pass_through":
                _switch_opinions_on(provider)
        if found:
            names = [*done, *(provider.name for provider in found)]
            Installation.objects.filter(pk=1).update(switched_on=names)
    return [provider.name for provider in found]


def _switch_rules_on(provider: Provider) -> None:
    off = _shipped_off("rules")
    for rule in CascadeRule.objects.filter(enabled=False, name__in=off):
        if _serves(provider, rule.draft_model):
            rule.enabled = True
            rule.save()


def _switch_opinions_on(provider: Provider) -> None:
    """Let default rules ask the second model they name, where this provider has it."""
    for entry in default_document().rules or ():
        name, second = entry.values["name"], entry.values.get("second_model", "")
        waiting = CascadeRule.objects.filter(
            name=name, second_model=second, second_when=CascadeRule.When.OFF
        )
        if second and _serves(provider, second):
            for rule in waiting:
                rule.second_when = CascadeRule.When.UNCERTAIN
                rule.save()


def _serves(provider: Provider, model: str) -> bool:
    patterns = [Pattern(row.name) for row in provider.models.all()]
    return any(pattern.matches(model) for pattern in patterns)


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
