"""The history of a row in admin: who changed what, and one step back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from routing import history


class HistoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The admin of a `TrackedModel`: its history page tells versions, not log lines."""

    def get_urls(self) -> list[Any]:
        """Return the addresses, with the one that goes back to a version."""
        own = path(
            "<path:object_id>/history/<int:version>/revert/",
            self.admin_site.admin_view(self.revert_view),
            name=self._name_of("revert"),
        )
        return [own, *super().get_urls()]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show the versions of a row, also of one that was deleted."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        versions = history.versions(self.model, self._key(object_id))
        if row is None and not versions:
            raise Http404
        may_revert = row is not None and self.may_revert(request, row)
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {row or 'a deleted row'}",
            "opts": self.model._meta,
            "row": row,
            "object_id": object_id,
            "versions": versions,
            "revert_url_name": f"admin:{self._name_of('revert')}",
            "may_revert": may_revert,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/routing/history.html", context)

    def may_revert(self, request: HttpRequest, row: Any) -> bool:
        """Return whether this user may make `row` what it was in any version."""
        return self.has_change_permission(request, row)

    @method_decorator(require_POST)
    def revert_view(
        self, request: HttpRequest, object_id: str, version: int
    ) -> HttpResponse:
        """Make a row what it was in a version, and say what that changed."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.may_revert(request, row):
            raise PermissionDenied
        named = f"The {self.model._meta.verbose_name} {row}"
        try:
            done = history.revert(self.model, row.pk, version, request.user)
        except self.model.DoesNotExist as problem:
            raise Http404 from problem
        except ValidationError as problem:
            refused = f"{named} stays as it is: {' '.join(problem.messages)}"
            self.message_user(request, refused, messages.ERROR)
        else:
            words = ", ".join(map(str, done.changes)) or "nothing changed"
            self.log_change(request, row, f"Reverted: {words}")
            self.message_user(request, f"{named}: {words}.", messages.SUCCESS)
        address = reverse(f"admin:{self._name_of('history')}", args=[row.pk])
        return HttpResponseRedirect(address)

    def _name_of(self, page: str) -> str:
        opts = self.model._meta
        return f"{opts.app_label}_{opts.model_name}_{page}"

    def _key(self, object_id: str) -> Any:
        try:
            return self.model._meta.pk.to_python(unquote(object_id))
        except ValidationError as problem:
            raise Http404 from problem
