"""Switches on default providers, and what waits for them, when their key is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from routing.config import Pattern
from routing.defaults import default_document
from routing.models import CascadeRule, Installation, Provider
from routing.rules_file.loading import RULE_FIELDS, RULE_MODEL_FIELDS
from routing.startup.providers import has_key


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedOn:
    """A default provider, by name, and the rules that now ask it for opinions."""

    provider: str
    asking: tuple[str, ...]


def switch_on(auth_mode: str) -> list[SwitchedOn]:
    """Return the default providers that were switched on now, with their rules.

    Each is switched on once: what an operator switches off afterwards stays off. With a
    provider, also with one that an operator was first to switch on, go those of the
    default rules that draft with it, and the second opinions that default rules nobody
    edited name of it: not in the `auth_mode` pass_through, where clients' keys are of
    another provider.
    """
    installation = Installation.current()
    done = list(installation.switched_on)
    waiting = Provider.objects.filter(name__in=_shipped_off("providers"))
    found = [p for p in waiting if p.name not in done and has_key(p)]
    with transaction.atomic():
        made = [_switch_on(provider, auth_mode) for provider in found]
        if found:
            names = [*done, *(provider.name for provider in found)]
            Installation.objects.filter(pk=1).update(switched_on=names)
    return made


def _switch_on(provider: Provider, auth_mode: str) -> SwitchedOn:
    provider.enabled = True
    provider.save()
    _switch_rules_on(provider)
    asking = () if auth_mode == "pass_through" else _switch_opinions_on(provider)
    return SwitchedOn(provider=provider.name, asking=asking)


def _switch_rules_on(provider: Provider) -> None:
    off = _shipped_off("rules")
    for rule in CascadeRule.objects.filter(enabled=False, name__in=off):
        if _serves(provider, rule.draft_model):
            rule.enabled = True
            rule.save()


def _switch_opinions_on(provider: Provider) -> tuple[str, ...]:
    """Let default rules as they were shipped ask the second model they name."""
    asking = []
    for entry in default_document().rules or ():
        second = entry.values.get("second_model", "")
        rule = CascadeRule.objects.filter(name=entry.values["name"]).first()
        if rule is None or not second or not _serves(provider, second):
            continue
        if _is_as_shipped(rule, entry.values):
            rule.second_when = CascadeRule.When.UNCERTAIN
            rule.save()
            asking.append(rule.name)
    return tuple(asking)


def _is_as_shipped(rule: CascadeRule, values: Mapping[str, Any]) -> bool:
    shipped = CascadeRule(
        **{RULE_FIELDS.get(name, name): value for name, value in values.items()}
    )
    return all(
        getattr(rule, name) == getattr(shipped, name) for name in RULE_MODEL_FIELDS
    )


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
