"""Where operators make, rotate and revoke client keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from metrics import moments
from routing import history, secrets
from routing.admin import granting, usage
from routing.admin.history import HistoryAdmin
from routing.models import ClientKey

SUPERUSER_FIELDS = ("may_force", "account_access")
# How long the old key of one rotated here goes on: a day to carry the new one around.
OVERLAP = timedelta(hours=24)
RATES = (
    "requests_per_minute",
    "tokens_per_minute",
    "concurrent_requests",
    "session_requests",
)
BUDGETS = ("usd_per_day", "usd_per_month")
SIZES = ("max_tokens", "max_body_bytes")


class NearFilter(admin.SimpleListFilter):
    """Keys that will soon be told to wait."""

    title = "limits"
    parameter_name = "near"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """Return the one choice there is beside all keys."""
        del request, model_admin
        return [("yes", f"a limit is used to {usage.NEAR:.0%} or more")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ClientKey]
    ) -> QuerySet[ClientKey]:
        """Return the keys near a limit, or all."""
        del request
        if self.value() != "yes":
            return queryset
        return queryset.filter(pk__in=usage.near(queryset.filter(enabled=True)))


@admin.register(ClientKey)
class ClientKeyAdmin(HistoryAdmin):
    """Keys of clients, each shown once, when it is made."""

    form = granting.KeyForm
    list_display = (
        "name",
        "owner",
        "prefix",
        "tag",
        "state",
        "most_used",
        "may",
        "created_at",
    )
    list_filter = ("enabled", NearFilter, "tag", "may_force", "account_access")
    search_fields = ("name", "owner", "prefix", "tag")
    readonly_fields = ("prefix", "replaced", "now", "created_at")
    list_per_page = 50
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "owner",
                    "tag",
                    "enabled",
                    "expires_at",
                    "prefix",
                    "replaced",
                    "created_at",
                )
            },
        ),
        ("What it may ask for", {"fields": ("allowed_models", "allowed_rules")}),
        ("What else it may do", {"fields": ("may_force", "account_access")}),
        ("Limits", {"fields": ("now", *BUDGETS, *RATES, *SIZES)}),
    )
    actions = ("rotate", "revoke", "end_previous")

    def get_form(
        self, request: Any, obj: Any = None, change: Any = None, **options: Any
    ) -> Any:
        """Return the form, which knows whether a superuser fills it in."""
        form: Any = super().get_form(request, obj, bool(change), **options)
        form.superuser = bool(request.user.is_superuser)
        return form

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
        """Return whether the key works, in a word or two."""
        if not key.enabled:
            return "revoked"
        if key.expires_at and key.expires_at <= timezone.now():
            return "expired"
        return "works, old one too" if key.previous_works else "works"

    @admin.display(description="may also")
    def may(self, key: ClientKey) -> str:
        """Return what the key may do beside asking for messages."""
        granted = {"choose who answers": key.may_force, "account": key.account_access}
        return ", ".join(name for name, given in granted.items() if given) or "-"

    @admin.display(description="nearest limit")
    def most_used(self, key: ClientKey) -> str:
        """Return the limit that is used most."""
        return usage.fullest(key) if key.enabled else "-"

    @admin.display(description="used now")
    def now(self, key: ClientKey) -> str:
        """Return how much of each limit is used at the moment."""
        return usage.in_words(key) if key.pk else "-"

    @admin.display(description="key it replaced")
    def replaced(self, key: ClientKey) -> str:
        """Return which older key still works, and until when."""
        if not key.previous_works or key.previous_until is None:
            return "none works any more"
        until = moments.minute(key.previous_until)
        return f"{key.previous_prefix}… works until {until}"

    @admin.action(
        description="Rotate selected keys: new keys, old ones work for a day",
        permissions=["change"],
    )
    def rotate(self, request: HttpRequest, keys: QuerySet[ClientKey]) -> None:
        """Show a new key for each, this once."""
        superuser = bool(request.user.is_superuser)
        for row in keys.filter(enabled=True):
            if not granting.may_see_new_key(row, superuser=superuser):
                said = f"Only a superuser may rotate {row.name}, which may do more."
                self.message_user(request, said, messages.ERROR)
                continue
            key = row.rotate(overlap=OVERLAP)
            self.log_change(request, row, "Rotated.")
            said = f"The new key of {row.name}, shown only now: {key}"
            self.message_user(request, said, messages.WARNING)

    @admin.action(description="Revoke selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ClientKey]) -> None:
        """Make keys stop working, those they replaced too."""
        for row in keys:
            self.log_change(request, row, "Revoked.")
        self.message_user(request, f"{keys.update(enabled=False)} keys are revoked.")

    @admin.action(
        description="End the overlap: keys that were replaced stop working",
        permissions=["change"],
    )
    def end_previous(self, request: HttpRequest, keys: QuerySet[ClientKey]) -> None:
        """Let the old key of each stop working, the new one go on."""
        for row in keys:
            row.forget_previous()
            history.because(row, "the key it replaced was ended")
            row.save()
            self.log_change(request, row, "The key it replaced was ended.")
        self.message_user(request, f"{len(keys)} keys work without an older one.")

    def may_revert(self, request: HttpRequest, row: Any) -> bool:
        """Return whether this user may give a key back whatever it once had."""
        return bool(request.user.is_superuser) and super().may_revert(request, row)

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
