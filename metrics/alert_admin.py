"""Alerts in the admin: what was told, what still waits, and why."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from metrics import moments
from metrics.alert_models import Alert


@admin.register(Alert)
class AlertAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The queue of alerts, to read and to try again."""

    list_display = ("subject", "channel", "created_at", "state", "attempts", "problem")
    list_filter = ("channel",)
    search_fields = ("subject", "name")
    actions = ("try_again",)

    @admin.display(description="state")
    def state(self, alert: Alert) -> str:
        """Return how far it is, in words."""
        if alert.sent_at:
            return f"sent {moments.minute(alert.sent_at)}"
        if alert.next_try_at is None:
            return "given up"
        return f"next try {moments.minute(alert.next_try_at)}"

    @admin.action(description="Try again now", permissions=["view"])
    def try_again(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Let the keeper try those that were not sent at its next round."""
        waiting = alerts.filter(sent_at=None)
        count = waiting.update(next_try_at=timezone.now(), attempts=0)
        self.message_user(request, f"{count} alerts are tried within seconds.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: nobody writes alerts by hand."""
        del request
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Alert | None = None
    ) -> bool:
        """Return False: what was told was told."""
        del request, obj
        return False
