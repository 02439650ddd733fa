"""Where operators switch the cascade off and on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from routing.models import Controls


@admin.register(Controls)
class ControlsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The one row of switches, which is neither added nor deleted."""

    fields = ("cascade_on",)

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Lead straight to the row: a list of one is a detour."""
        del request, extra_context
        row = Controls.current()
        return HttpResponseRedirect(
            reverse("admin:routing_controls_change", args=[row.pk])
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: the row is there already."""
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: without the row nobody could say what holds."""
        del request, obj
        return False
