"""Where operators switch the cascade off and on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from routing.models import Controls
from routing.switch import ON, why_off_by


@admin.register(Controls)
class ControlsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The one row of switches, which is neither added nor deleted."""

    fields = ("cascade_on", "now")
    readonly_fields = ("now",)

    @admin.display(description="what holds now")
    def now(self, controls: Controls) -> str:
        """Return whether drafts are asked, and who says so."""
        return why_off_by(controls) or ON

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Lead straight to the row: a list of one is a detour."""
        del extra_context
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(_address(Controls.current()))

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **options: Any
    ) -> HttpResponse:
        """Show the switch with one way to save it."""
        context |= {
            "title": "Controls",
            "subtitle": None,
            "show_save_and_continue": False,
        }
        return super().render_change_form(request, context, *args, **options)

    def response_change(self, request: HttpRequest, obj: Controls) -> HttpResponse:
        """Say what holds now, and stay."""
        off = why_off_by(obj)
        level = messages.WARNING if off else messages.SUCCESS
        said = f"{off or ON} Every worker follows within a second."
        self.message_user(request, said, level)
        return HttpResponseRedirect(_address(obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: the row is there already."""
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: without the row nobody could say what holds."""
        del request, obj
        return False


def _address(controls: Controls) -> str:
    return reverse("admin:routing_controls_change", args=[controls.pk])
