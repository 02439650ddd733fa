"""Who may give a client key how much: nobody but a superuser more than it had.

Somebody who may make keys could else make one that spends what nobody allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.utils import timezone

from routing.config import Pattern
from routing.key_table import defaults
from routing.models import ClientKey
from routing.validators import pattern_lines

LIMITS = tuple(defaults())
ALLOWED = ("allowed_models", "allowed_rules")
LOOSER = "Only a superuser may give this key more than it has."


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A client key; `superuser` is set by the admin for the request at hand."""

    superuser = False

    class Meta:
        widgets: ClassVar = {
            name: AdminTextareaWidget(attrs={"rows": 3}) for name in ALLOWED
        }

    def clean(self) -> dict[str, Any]:
        """Refuse, to all but superusers, what would loosen a limit or a permission."""
        cleaned = super().clean() or {}
        if not self.superuser:
            for name, message in _loosened(self.instance, cleaned):
                self.add_error(name, ValidationError(message))
        return cleaned


def may_see_new_key(row: ClientKey, *, superuser: bool) -> bool:
    """Whether somebody who may edit keys may get to know a new key of `row`.

    Who is no superuser must not come by what only a superuser can give.
    """
    return superuser or not (row.may_force or row.account_access)


def _loosened(row: ClientKey, cleaned: dict[str, Any]) -> Iterator[tuple[str, str]]:
    before = ClientKey.objects.filter(pk=row.pk).first() or ClientKey()
    for name in LIMITS:
        if name in cleaned and _more(before, name, cleaned[name]):
            yield name, LOOSER
    for name in ALLOWED:
        if name in cleaned and _wider(getattr(before, name), cleaned[name]):
            yield name, LOOSER
    if before.pk and cleaned.get("enabled") and not before.enabled:
        yield "enabled", "Only a superuser may let a revoked key work again."
    if before.pk and _longer(before, cleaned.get("expires_at")):
        yield "expires_at", "Only a superuser may let a key work longer."


def _more(before: ClientKey, name: str, wanted: int | Decimal | None) -> bool:
    """Whether a limit would rise. None is the default, 0 no limit at all."""
    old = getattr(before, name) if before.pk else None
    return _height(name, wanted) > _height(name, old)


def _height(name: str, value: int | Decimal | None) -> Decimal:
    in_force = defaults()[name] if value is None else value
    return Decimal(in_force) if in_force else Decimal("Infinity")


def _wider(before: str, wanted: str) -> bool:
    if not before.strip():
        return False
    known = [Pattern(line) for line in pattern_lines(before)]
    lines = pattern_lines(wanted)
    return not lines or not all(any(k.matches(line) for k in known) for line in lines)


def _longer(before: ClientKey, wanted: Any) -> bool:
    if before.expires_at is None:
        return False
    return wanted is None or wanted > max(before.expires_at, timezone.now())
