"""Where operators edit rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from metrics import rule_stats
from metrics.stakes import mostly
from routing import conditions, validation
from routing.admin import money
from routing.admin.history import HistoryAdmin
from routing.admin.judging_fields import JUDGING
from routing.config import RuleConditions
from routing.models import CascadeRule
from routing.rule_loading import rule_config

CONDITIONS = (
    "tools",
    "streaming",
    "subagents",
    "min_prompt_tokens",
    "max_prompt_tokens",
    "headers",
    "rollout_percent",
)
DRAFTS = ("draft_timeout_s", "latency", "slow_draft_s", "clamp_max_tokens")
WHICH_REQUESTS = "Beside model and key. All that is set must hold."


class RuleRowForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule in the list, with an error for what is wrong in fields not shown there."""

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error to its field, or to the row as a whole."""
        if not isinstance(error, ValidationError) or not hasattr(error, "error_dict"):
            super().add_error(field, error)
            return
        for name, errors in error.error_dict.items():
            shown = name if name in self.fields else None
            super().add_error(shown, ValidationError(errors))


@admin.register(CascadeRule)
class CascadeRuleAdmin(HistoryAdmin):
    """Rules, with threshold and switch editable in the list."""

    list_display = (
        "name",
        "report",
        "enabled",
        "threshold",
        "way",
        "request_model",
        "draft_model",
        "verifier",
        "scope",
        "priority",
        "prior",
    )
    list_editable = ("enabled", "threshold")
    list_filter = ("enabled", "mode", "draft_model", "tag", "tools", "subagents")
    list_select_related = ("client_key",)
    search_fields = ("name", "request_model", "draft_model", "verifier_model", "notes")
    autocomplete_fields = ("client_key",)
    actions = ("enable", "disable")
    readonly_fields = ("acceptance", "break_even", "error")
    save_as = True
    fieldsets = (
        (None, {"fields": ("name", "enabled", "notes")}),
        ("Models", {"fields": ("request_model", "draft_model", "verifier_model")}),
        ("Drafts", {"fields": DRAFTS}),
        *JUDGING,
        ("Money", {"fields": ("economics", "acceptance", "break_even", "error")}),
        ("For whom", {"fields": ("client_key", "tag", "priority")}),
    )
    answering = (
        "Answers",
        {"fields": ("response_model", "on_verifier_error", "fallback_model")},
    )
    keeping = ("Text", {"fields": ("store_text", "store_text_percent")})

    def get_fieldsets(
        self, request: HttpRequest, obj: CascadeRule | None = None
    ) -> Any:
        """Return the fields in groups; conditions are folded away while none is set."""
        del request
        every = obj is None or rule_config(obj).conditions == RuleConditions()
        which = {
            "fields": CONDITIONS,
            "description": WHICH_REQUESTS,
            "classes": ("collapse",) if every else (),
        }
        return (
            *self.fieldsets,
            ("Which requests", which),
            self.answering,
            self.keeping,
        )

    @admin.display(description="verifier", ordering="verifier_model")
    def verifier(self, rule: CascadeRule) -> str:
        """Return who answers when the draft is not good enough."""
        return rule.verifier_model or "as requested"

    @admin.display(description="mode", ordering="mode")
    def way(self, rule: CascadeRule) -> str:
        """Return its mode in one word; the form says what each means."""
        return str(rule.mode)

    @admin.display(description="accepted of late")
    def acceptance(self, rule: CascadeRule) -> str:
        """Return the measured share of accepted drafts, recent ones counting most."""
        return money.acceptance(mostly(rule_stats.load(), rule.name))

    @admin.display(description="break-even")
    def break_even(self, rule: CascadeRule) -> str:
        """Return the acceptance below which drafts cost more than they save."""
        return money.break_even(mostly(rule_stats.load(), rule.name), rule)

    @admin.display(description="error of the baseline")
    def error(self, rule: CascadeRule) -> str:
        """Return how far the estimate is off where the truth is known."""
        return money.error(mostly(rule_stats.load(), rule.name))

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns; what was learned of all rules is read once for them."""
        return (*super().get_list_display(request), *money.columns(rule_stats.load()))

    @admin.display(description="for")
    def scope(self, rule: CascadeRule) -> str:
        """Return whose requests the rule is for, and which."""
        parts = [str(rule.client_key.name)] if rule.client_key else []
        parts += [f"tag {rule.tag}"] if rule.tag else []
        parts += conditions.in_words(rule_config(rule).conditions).values()
        return ", ".join(parts) or "everybody"

    @admin.display(description="report")
    def report(self, rule: CascadeRule) -> str:
        """Return the way to what the rule decided, and what if it were stricter."""
        address = reverse("routing:rule_page", args=[rule.name])
        return format_html('<a href="{}">report</a>', address)

    @admin.action(description="Switch selected rules on", permissions=["change"])
    def enable(self, request: HttpRequest, rules: QuerySet[CascadeRule]) -> None:
        """Switch rules on."""
        self.message_user(request, f"{rules.update(enabled=True)} rules are on.")

    @admin.action(description="Switch selected rules off", permissions=["change"])
    def disable(self, request: HttpRequest, rules: QuerySet[CascadeRule]) -> None:
        """Switch rules off."""
        self.message_user(request, f"{rules.update(enabled=False)} rules are off.")

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Show the rules, and above them which of them ask no drafts."""
        notice = {"paused": money.pauses(rule_stats.load())}
        return super().changelist_view(request, notice | (extra_context or {}))

    def get_changelist_form(self, request: HttpRequest, **options: Any) -> Any:
        """Return the form of a row in the list."""
        return super().get_changelist_form(request, form=RuleRowForm, **options)

    def save_model(
        self,
        request: HttpRequest,
        obj: CascadeRule,
        form: Any,
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """Save, and say what the rule will not do as it stands."""
        super().save_model(request, obj, form, change)
        for doubt in validation.doubts_about(obj):
            messages.warning(request, doubt)
