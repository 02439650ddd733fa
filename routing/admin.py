"""Where operators edit rules, providers, models and client keys."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from routing import secrets
from routing.models import CascadeRule, ClientKey, Provider, UpstreamModel

# Whoever may change these decides where keys are sent.
SUPERUSER_FIELDS = ("kind", "base_url", "private_allowed", "key_reference")
# Not even shown to others: they are there to be written.
KEY_FIELDS = ("new_key", "forget_key")


@admin.register(CascadeRule)
class CascadeRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rules, with threshold and switch editable in the list."""

    list_display = (
        "name",
        "enabled",
        "request_model",
        "draft_model",
        "verifier",
        "threshold",
        "prior",
        "scope",
        "priority",
    )
    list_editable = ("enabled", "threshold")
    list_filter = ("enabled", "draft_model", "tag")
    list_select_related = ("client_key",)
    search_fields = ("name", "request_model", "draft_model", "verifier_model")
    autocomplete_fields = ("client_key",)
    actions = ("enable", "disable")
    save_as = True
    fieldsets = (
        (None, {"fields": ("name", "enabled", "notes")}),
        ("Models", {"fields": ("request_model", "draft_model", "verifier_model")}),
        ("Accepting", {"fields": ("threshold", "prior", "draft_timeout_s")}),
        ("For whom", {"fields": ("client_key", "tag", "priority")}),
        ("Answering", {"fields": ("on_verifier_error", "response_model")}),
    )

    @admin.display(description="verifier", ordering="verifier_model")
    def verifier(self, rule: CascadeRule) -> str:
        """Return who answers when the draft is not good enough."""
        return rule.verifier_model or "as requested"

    @admin.display(description="for")
    def scope(self, rule: CascadeRule) -> str:
        """Return whose requests the rule is for."""
        parts = [str(rule.client_key.name)] if rule.client_key else []
        parts += [f"tag {rule.tag}"] if rule.tag else []
        return ", ".join(parts) or "everybody"

    @admin.action(description="Switch selected rules on", permissions=["change"])
    def enable(self, request: HttpRequest, rules: QuerySet[CascadeRule]) -> None:
        """Switch rules on."""
        self.message_user(request, f"{rules.update(enabled=True)} rules are on.")

    @admin.action(description="Switch selected rules off", permissions=["change"])
    def disable(self, request: HttpRequest, rules: QuerySet[CascadeRule]) -> None:
        """Switch rules off."""
        self.message_user(request, f"{rules.update(enabled=False)} rules are off.")

    def save_model(
        self,
        request: HttpRequest,
        obj: CascadeRule,
        form: Any,
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """Save, and say so when the rule can only lose money."""
        super().save_model(request, obj, form, change)
        if obj.enabled and obj.prior < obj.threshold:
            messages.warning(
                request,
                f"{obj.name}: the prior {obj.prior:g} is below the threshold "
                f"{obj.threshold:g}, so every draft is paid for and none is used. "
                "Lower the threshold or switch the rule off.",
            )


class UpstreamModelInline(admin.TabularInline):  # type: ignore[type-arg]
    """The models of a provider, on its page."""

    model = UpstreamModel
    extra = 1


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """A provider with a field for its key that is written and never read."""

    new_key = forms.CharField(
        label="Key",
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    forget_key = forms.BooleanField(label="Forget the stored key", required=False)

    class Meta:
        model = Provider
        fields = (
            "name",
            "kind",
            "enabled",
            "priority",
            "base_url",
            "private_allowed",
            "key_reference",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "new_key" in self.fields:
            self.fields[
                "new_key"
            ].help_text = (
                f"{_stored_key(self.instance)} It is stored encrypted and never shown."
            )

    def clean(self) -> dict[str, Any]:
        """Refuse two keys at once, and a key that could not be stored."""
        cleaned = super().clean() or self.cleaned_data
        key = cleaned.get("new_key")
        reference = cleaned.get("key_reference", self.instance.key_reference)
        if key and reference:
            self.add_error(
                "new_key",
                "Give the key or a reference to it, not both: empty one of them.",
            )
        if key and any(not 32 < ord(character) < 127 for character in key):
            self.add_error("new_key", "A key has no spaces and no special characters.")
        return cleaned


@admin.register(Provider)
class ProviderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Providers; where they are and how they are paid is for superusers."""

    form = ProviderForm
    inlines = (UpstreamModelInline,)
    list_display = ("name", "kind", "base_url", "enabled", "priority", "key_state")
    list_filter = ("kind", "enabled")
    search_fields = ("name", "base_url")
    fieldsets = (
        (None, {"fields": ("name", "kind", "enabled", "priority")}),
        ("Where", {"fields": ("base_url", "private_allowed")}),
        ("Key", {"fields": ("key_reference", *KEY_FIELDS)}),
    )
    fieldsets_of_others = (*fieldsets[:2], ("Key", {"fields": ("key_reference",)}))

    @admin.display(description="key")
    def key_state(self, provider: Provider) -> str:
        """Return where the key comes from, and never the key."""
        return provider.key_reference or _stored_key(provider)

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

    def save_model(
        self,
        request: HttpRequest,
        obj: Provider,
        form: Any,
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """Save, with the key typed in, and say when the stored one was cleared."""
        key = form.cleaned_data.get("new_key")
        if key or form.cleaned_data.get("forget_key"):
            obj.set_key(key or "")
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


@admin.register(UpstreamModel)
class UpstreamModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Which provider serves which model."""

    list_display = ("name", "provider", "display_name", "enabled")
    list_filter = ("provider", "enabled")
    list_editable = ("enabled",)
    list_select_related = ("provider",)
    search_fields = ("name", "display_name")


@admin.register(ClientKey)
class ClientKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Keys of clients, each shown once, when it is made."""

    list_display = ("name", "prefix", "tag", "enabled", "state", "created_at")
    list_filter = ("enabled", "tag")
    search_fields = ("name", "prefix", "tag")
    readonly_fields = ("prefix", "created_at")
    fields = ("name", "tag", "enabled", "expires_at", "prefix", "created_at")
    actions = ("revoke",)

    @admin.display(description="state")
    def state(self, key: ClientKey) -> str:
        """Return whether the key works, in a word."""
        if not key.enabled:
            return "revoked"
        if key.expires_at and key.expires_at <= timezone.now():
            return "expired"
        return "works"

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


def _stored_key(provider: Provider) -> str:
    if not provider.key_encrypted:
        return "No key is stored."
    end = f" that ends in …{provider.key_last4}" if provider.key_last4 else ""
    day = f"{provider.key_set_at:%Y-%m-%d}" if provider.key_set_at else "some day"
    return f"A key{end} was set on {day}."
