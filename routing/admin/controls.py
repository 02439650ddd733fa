"""Where operators switch the cascade off and on."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from routing.models import Controls

ON = "The cascade is on: rules ask their drafts."
OFF = "The cascade is off: no draft is asked, the verifier of each rule answers."
BY_SETTING = (
    "The setting CASCADE_ENABLED is false; it wins over the switch, whatever that says."
)


@admin.register(Controls)
class ControlsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The one row of switches, which is neither added nor deleted."""

    fields = ("cascade_on", "now")
    readonly_fields = ("now",)

    @admin.display(description="what holds now")
    def now(self, controls: Controls) -> str:
        """Return whether drafts are asked, and who says so."""
        return why_off(controls) or ON

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
        context |= {"title": "Controls", "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **options)

    def response_change(self, request: HttpRequest, obj: Controls) -> HttpResponse:
        """Say what holds now, and stay."""
        off = why_off(obj)
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


def why_off(controls: Controls | None) -> str:
    """Return that the cascade is off, and who says so; "" while it is on.

    None stands for a row that nobody has needed yet.
    """
    if not settings.CASCADE_ENABLED:
        return f"{OFF} {BY_SETTING}"
    return "" if controls is None or controls.cascade_on else OFF


def _address(controls: Controls) -> str:
    return reverse("admin:routing_controls_change", args=[controls.pk])
