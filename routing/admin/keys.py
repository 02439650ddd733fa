"""Where operators make and revoke client keys."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from routing import secrets
from routing.models import ClientKey

SUPERUSER_FIELDS = ("may_force", "account_access")


@admin.register(ClientKey)
class ClientKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Keys of clients, each shown once, when it is made."""

    list_display = ("name", "prefix", "tag", "enabled", "state", "may", "created_at")
    list_filter = ("enabled", "tag", "may_force", "account_access")
    search_fields = ("name", "prefix", "tag")
    readonly_fields = ("prefix", "created_at")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "tag",
                    "enabled",
                    "expires_at",
                    "prefix",
                    "created_at",
                )
            },
        ),
        ("What else it may do", {"fields": ("may_force", "account_access")}),
    )
    actions = ("revoke",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: ClientKey | None = None
    ) -> tuple[str, ...]:
        """Return the fields this user may not change, whatever a form sends.

        What reaches the whole account, or spends what a rule would not, is not given
        away by everybody who may make keys.
        """
        del obj
        theirs = () if request.user.is_superuser else SUPERUSER_FIELDS
        return (*self.readonly_fields, *theirs)

    @admin.display(description="state")
    def state(self, key: ClientKey) -> str:
        """Return whether the key works, in a word."""
        if not key.enabled:
            return "revoked"
        if key.expires_at and key.expires_at <= timezone.now():
            return "expired"
        return "works"

    @admin.display(description="may also")
    def may(self, key: ClientKey) -> str:
        """Return what the key may do beside asking for messages."""
        granted = {"choose who answers": key.may_force, "account": key.account_access}
        return ", ".join(name for name, given in granted.items() if given) or "-"

    @admin.action(description="Revoke selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ClientKey]) -> None:
        """Make keys stop working."""
        self.message_user(request, f"{keys.update(enabled=False)} keys are revoked.")

    def save_model(
        self,
        request: HttpRequest,
        obj: ClientKey,
        form: Any,
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """Save; a new row gets its key here."""
        if not change:
            # Kept on the request alone, until the answer to it shows the key.
            request.new_client_key = secrets.new_client_key()  # type: ignore[attr-defined]
            obj.set_key(request.new_client_key)  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: ClientKey, post_url_continue: Any = None
    ) -> HttpResponse:
        """Show the new key, this once."""
        messages.warning(
            request,
            f"The key of {obj.name}, shown only now: {request.new_client_key}",  # type: ignore[attr-defined]
        )
        return super().response_add(request, obj, post_url_continue)
