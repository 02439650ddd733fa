"""Where operators make and revoke report keys."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from metrics.report_key_models import SCOPES, ReportKey


@admin.register(ReportKey)
class ReportKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Keys of programs that read `/api/reports/`, each shown once, when it is made."""

    list_display = ("name", "prefix", "may", "state", "expires_at", "created_at")
    list_filter = ("revoked",)
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("name", "prefix")
    readonly_fields = ("prefix", "created_at")
    fieldsets = (
        (
            None,
            {"fields": ("name", "expires_at", "revoked", "prefix", "created_at")},
        ),
        (
            "What it may read",
            {
                "fields": SCOPES,
                "description": "Each scope opens all of its figures: of every key, "
                "rule and tag. Nothing can be written.",
            },
        ),
    )
    actions = ("revoke",)

    @admin.display(description="may read")
    def may(self, key: ReportKey) -> str:
        """Return its scopes."""
        return ", ".join(scope for scope in SCOPES if key.may(scope)) or "nothing"

    @admin.display(description="state")
    def state(self, key: ReportKey) -> str:
        """Return whether the key works, in a word."""
        if key.works:
            return "works"
        return "revoked" if key.revoked else "expired"

    @admin.action(description="Revoke selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ReportKey]) -> None:
        """Make keys stop working at once, and write down who did it."""
        revoked = list(keys.filter(revoked=False))
        ReportKey.objects.filter(pk__in=[key.pk for key in revoked]).update(
            revoked=True
        )
        if revoked:
            user_id: Any = request.user.pk
            LogEntry.objects.log_actions(user_id, revoked, CHANGE, "Revoked.")
        self.message_user(request, f"{len(revoked)} keys are revoked.")

    def save_model(
        self,
        request: HttpRequest,
        obj: ReportKey,
        form: Any,
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """Save; a new row gets its key here."""
        if not change:
            # Kept on the request alone, until the answer to it shows the key.
            request.new_report_key = obj.set_new_key()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: ReportKey, post_url_continue: Any = None
    ) -> HttpResponse:
        """Show the new key, this once."""
        messages.warning(
            request,
            f"The key of {obj.name}, shown only now: {request.new_report_key}",  # type: ignore[attr-defined]
        )
        return super().response_add(request, obj, post_url_continue)
