"""Where operators edit rules."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from routing.models import CascadeRule


@admin.register(CascadeRule)
class CascadeRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rules, with threshold and switch editable in the list."""

    list_display = (
        "name",
        "enabled",
        "request_model",
        "draft_model",
        "verifier",
        "threshold",
        "prior",
        "scope",
        "priority",
    )
    list_editable = ("enabled", "threshold")
    list_filter = ("enabled", "draft_model", "tag")
    list_select_related = ("client_key",)
    search_fields = ("name", "request_model", "draft_model", "verifier_model")
    autocomplete_fields = ("client_key",)
    actions = ("enable", "disable")
    save_as = True
    fieldsets = (
        (None, {"fields": ("name", "enabled", "notes")}),
        ("Models", {"fields": ("request_model", "draft_model", "verifier_model")}),
        ("Accepting", {"fields": ("threshold", "prior", "draft_timeout_s")}),
        ("For whom", {"fields": ("client_key", "tag", "priority")}),
        ("Answering", {"fields": ("on_verifier_error", "response_model")}),
    )

    @admin.display(description="verifier", ordering="verifier_model")
    def verifier(self, rule: CascadeRule) -> str:
        """Return who answers when the draft is not good enough."""
        return rule.verifier_model or "as requested"

    @admin.display(description="for")
    def scope(self, rule: CascadeRule) -> str:
        """Return whose requests the rule is for."""
        parts = [str(rule.client_key.name)] if rule.client_key else []
        parts += [f"tag {rule.tag}"] if rule.tag else []
        return ", ".join(parts) or "everybody"

    @admin.action(description="Switch selected rules on", permissions=["change"])
    def enable(self, request: HttpRequest, rules: QuerySet[CascadeRule]) -> None:
        """Switch rules on."""
        self.message_user(request, f"{rules.update(enabled=True)} rules are on.")

    @admin.action(description="Switch selected rules off", permissions=["change"])
    def disable(self, request: HttpRequest, rules: QuerySet[CascadeRule]) -> None:
        """Switch rules off."""
        self.message_user(request, f"{rules.update(enabled=False)} rules are off.")

    def save_model(
        self,
        request: HttpRequest,
        obj: CascadeRule,
        form: Any,
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """Save, and say so when the rule can only lose money."""
        super().save_model(request, obj, form, change)
        if obj.enabled and obj.prior < obj.threshold:
            messages.warning(
                request,
                f"{obj.name}: the prior {obj.prior:g} is below the threshold "
                f"{obj.threshold:g}, so every draft is paid for and none is used. "
                "Lower the threshold or switch the rule off.",
            )
