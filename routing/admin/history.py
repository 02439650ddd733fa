"""Who changed a row, and putting an earlier version back."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from simple_history.admin import SimpleHistoryAdmin


class HistoryAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    """A page with the history of each row.

    The library lets whoever may view a row post an earlier version back.
    """

    def may_revert(self, request: HttpRequest) -> bool:
        """Return whether this user may put any earlier version back."""
        return bool(self.has_change_permission(request))

    def history_form_view(
        self,
        request: HttpRequest,
        object_id: str,
        version_id: str,
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show an earlier version. Raises PermissionDenied unless it may come back."""
        if not self.may_revert(request):
            raise PermissionDenied
        shown: HttpResponse = super().history_form_view(
            request, object_id, version_id, extra_context
        )
        return shown
