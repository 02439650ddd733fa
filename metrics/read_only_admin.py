"""Labels, and who read kept text, in the admin: to be looked at, never edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from metrics import moments
from metrics.label_models import Label
from metrics.text_models import TextReading


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows about decisions that nobody edits here, newest first."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 50
    actions = None

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Never: they are written where it happens."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never."""
        return False

    @admin.display(description="decision")
    def decision(self, row: Any) -> SafeString:
        """A link to the page of the decision."""
        url = reverse("metrics:decision", args=[row.decision_id])
        return format_html('<a href="{}">{}</a>', url, row.decision_id)


@admin.register(Label)
class LabelAdmin(ReadOnlyAdmin):
    """What was said of drafts. The buttons are on the page of each decision."""

    list_display = (
        "labelled",
        "decision",
        "verdict",
        "source",
        "by",
        "rule",
        "draft_model",
    )
    list_filter = ("source", "worse", "simulated")
    search_fields = ("decision_id__exact", "rule__exact", "by__exact")
    search_help_text = "A whole decision id, rule, or who said it."
    ordering = ("-created_at", "-id")
    sortable_by = ("labelled",)

    @admin.display(description="labelled", ordering="created_at")
    def labelled(self, label: Label) -> str:
        """When it was said, to the second, in TIME_ZONE."""
        return moments.second(label.created_at)

    @admin.display(description="the draft is")
    def verdict(self, label: Label) -> str:
        """What was said."""
        return "worse" if label.worse else "as good"


@admin.register(TextReading)
class TextReadingAdmin(ReadOnlyAdmin):
    """Who was shown the text of which decision, and when."""

    list_display = ("shown", "by", "decision", "rule")
    search_fields = ("decision_id__exact", "by__exact")
    search_help_text = "A whole decision id or user name."
    ordering = ("-read_at", "-id")
    sortable_by = ("shown",)

    @admin.display(description="shown", ordering="read_at")
    def shown(self, reading: TextReading) -> str:
        """When it was shown, to the second, in TIME_ZONE."""
        return moments.second(reading.read_at)
