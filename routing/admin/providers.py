"""Where operators edit providers and the models they serve."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.safestring import SafeString

from routing import breaker
from routing.admin import known
from routing.admin.history import HistoryAdmin
from routing.admin.provider_keys import HeldKeyForm, ProviderKeyInline
from routing.breaker import Condition
from routing.models import Provider, UpstreamModel
from routing.startup.providers import usable

# Whoever may change these decides where keys are sent.
SUPERUSER_FIELDS = (
    "kind",
    "base_url",
    "private_allowed",
    "takes_client_credentials",
    "key_reference",
)
# Not even shown to others: they are there to be written.
KEY_FIELDS = ("new_key", "forget_key")


class UpstreamModelInline(admin.TabularInline):  # type: ignore[type-arg]
    """The models of a provider, on its page; what is known of each has its own."""

    model = UpstreamModel
    fields = ("name", "display_name", "enabled")
    show_change_link = True
    extra = 1


class ProviderForm(HeldKeyForm):
    """A provider with a field for its key."""

    class Meta:
        model = Provider
        fields = (
            "name",
            "kind",
            "enabled",
            "priority",
            "base_url",
            "private_allowed",
            "takes_client_credentials",
            "quirks",
            "key_reference",
        )


@admin.register(Provider)
class ProviderAdmin(HistoryAdmin):
    """Providers; where they are and how they are paid is for superusers."""

    form = ProviderForm
    inlines = (ProviderKeyInline, UpstreamModelInline)
    list_display = ("name", "kind", "base_url", "enabled", "priority", "key_state")
    list_filter = ("kind", "enabled")
    search_fields = ("name", "base_url")
    fieldsets = (
        (None, {"fields": ("name", "kind", "enabled", "priority")}),
        (
            "Where",
            {"fields": ("base_url", "private_allowed", "takes_client_credentials")},
        ),
        ("How it differs", {"fields": ("quirks",)}),
        ("Key", {"fields": ("key_reference", *KEY_FIELDS)}),
    )
    fieldsets_of_others = (*fieldsets[:3], ("Key", {"fields": ("key_reference",)}))

    @admin.display(description="key")
    def key_state(self, provider: Provider) -> str:
        """Return where the key comes from, and never the key."""
        return provider.key_reference or provider.stored_key()

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """Return the columns; the second says what speaks against asking it.

        Cost: one look at the state that workers share, for all rows together.
        """
        del request
        conditions = breaker.conditions()

        @admin.display(description="condition")
        def condition(provider: Provider) -> str:
            return _condition(provider, conditions)

        name, *others = self.list_display
        return (name, condition, *others)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Provider | None = None
    ) -> tuple[str, ...]:
        """Return the fields this user may not change, whatever a form sends."""
        del obj
        return () if request.user.is_superuser else (*SUPERUSER_FIELDS, *KEY_FIELDS)

    def get_fieldsets(self, request: HttpRequest, obj: Provider | None = None) -> Any:
        """Return the fields this user may see."""
        del obj
        return self.fieldsets if request.user.is_superuser else self.fieldsets_of_others

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether this user may name a new host to send keys to."""
        return bool(request.user.is_superuser) and super().has_add_permission(request)

    def may_revert(self, request: HttpRequest, row: Any) -> bool:
        """Return whether this user decides where keys are sent: that comes back too."""
        return bool(request.user.is_superuser) and super().may_revert(request, row)

    def save_model(
        self,
        request: HttpRequest,
        obj: Provider,
        form: Any,
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """Save, with the key typed in, and say when the stored one was cleared."""
        form.take_key(obj)
        had_key = bool(obj.key_encrypted)
        super().save_model(request, obj, form, change)
        if had_key and not obj.key_encrypted:
            messages.warning(
                request,
                f"The host of {obj.name} changed, so its stored key was cleared. Type "
                "it again if it is meant for the new host.",
            )
        elif change and obj.key_reference and "base_url" in form.changed_data:
            messages.warning(
                request, f"{obj.key_reference} is sent to {obj.base_url} from now on."
            )
        if obj.takes_client_credentials and "base_url" in form.changed_data:
            messages.warning(
                request,
                "In auth mode pass_through the clients' own keys are sent to "
                f"{obj.base_url} from now on.",
            )


@admin.register(UpstreamModel)
class UpstreamModelAdmin(HistoryAdmin):
    """Which provider serves which model, and what is known of it."""

    list_display = (
        "name",
        "provider",
        "display_name",
        "enabled",
        "max_input_tokens",
        "max_output_tokens",
        "lifecycle",
        "retires_at",
        "synced_at",
    )
    list_filter = ("provider", "enabled", "lifecycle")
    list_editable = ("enabled",)
    list_select_related = ("provider",)
    readonly_fields = ("synced_at", "holds")
    fieldsets = (
        (None, {"fields": ("provider", "name", "display_name", "enabled")}),
        ("Limits", {"fields": ("max_input_tokens", "max_output_tokens")}),
        (
            "What it takes",
            {
                "fields": ("capabilities", "parameter_rules", "holds"),
                "description": "What is not said here is taken from the provider's "
                "most specific pattern, then from the list that is shipped.",
            },
        ),
        (
            "Its life",
            {"fields": ("lifecycle", "released_at", "deprecated_at", "retires_at")},
        ),
        ("Synced", {"fields": ("synced_at",)}),
    )
    search_fields = ("name", "display_name")

    @admin.display(description="what holds now")
    def holds(self, model: UpstreamModel) -> SafeString | str:
        """Return the facts by which requests for the model are judged."""
        return known.what_holds(model) if model.pk else "Nothing yet: it is not saved."


def _condition(provider: Provider, conditions: Iterable[Condition]) -> str:
    """Return what speaks against asking `provider`; it is not asked to find out."""
    auth_mode = settings.CASCADE_AUTH_MODE
    if not usable(provider, auth_mode):
        by_clients = auth_mode == "pass_through"
        return "takes no client's key" if by_clients else "has no key"
    own = (each for each in conditions if each.provider == provider.name)
    return "; ".join(map(_trouble, own)) or "no trouble seen"


def _trouble(condition: Condition) -> str:
    seconds = math.ceil(condition.no_draft_for_s)
    until = f"for {seconds} s" if seconds else "until a trial succeeds"
    return f"{condition.model}: not asked for drafts {until}"
