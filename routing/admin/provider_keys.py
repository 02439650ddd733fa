"""How admin takes a provider's key: typed in, never shown, never sent back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from routing.models import Provider, ProviderKey


class HeldKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row with a field for its key that is written and never read."""

    new_key = forms.CharField(
        label="Key",
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    forget_key = forms.BooleanField(label="Forget the stored key", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "new_key" in self.fields:
            self.fields[
                "new_key"
            ].help_text = (
                f"{self.instance.stored_key()} It is stored encrypted and never shown."
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

    def take_key(self, row: Provider | ProviderKey) -> None:
        """Put the key that was typed in into `row`, which is saved by somebody else."""
        key = self.cleaned_data.get("new_key")
        if key or self.cleaned_data.get("forget_key"):
            row.set_key(key or "")


class ProviderKeyForm(HeldKeyForm):
    """A further key, which is of no use without one."""

    class Meta:
        model = ProviderKey
        fields = ("name", "enabled", "weight", "key_reference")

    def clean(self) -> dict[str, Any]:
        """Refuse a row without a key."""
        cleaned = super().clean()
        stored = self.instance.key_encrypted and not cleaned.get("forget_key")
        if not (cleaned.get("new_key") or cleaned.get("key_reference") or stored):
            self.add_error("new_key", "Give the key, or a reference to it.")
        return cleaned

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002  Django's
        """Save, with the key that was typed in."""
        self.take_key(self.instance)
        return super().save(commit)


class ProviderKeyInline(admin.StackedInline):  # type: ignore[type-arg]
    """Further keys of a provider, on its page; for superusers, like its own."""

    model = ProviderKey
    form = ProviderKeyForm
    fields = (
        "name",
        "enabled",
        "weight",
        "key_reference",
        "new_key",
        "forget_key",
        "stored",
    )
    readonly_fields = ("stored",)
    extra = 0
    verbose_name = "further key"

    @admin.display(description="now")
    def stored(self, row: ProviderKey) -> str:
        """Return where the key comes from, and never the key."""
        return row.key_reference or row.stored_key()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this user decides what is spent."""
        del obj
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this user decides what is spent."""
        del obj
        return bool(request.user.is_superuser)

    has_change_permission = has_delete_permission = has_view_permission
