"""Further keys on a provider's page: written, never read."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from routing.models import Provider
from tests.routing.admin.pages import page
from tests.routing.admin.test_providers import provider_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider():
    return Provider.objects.create(
        name="one", kind="anthropic", base_url="https://one.test"
    )


def form_with(provider: Provider, **fields) -> dict:
    row = {"name": "b", "enabled": "on", "weight": "2", "key_reference": ""}
    values = {f"further_keys-0-{name}": value for name, value in (row | fields).items()}
    return provider_form(provider, **values) | {"further_keys-TOTAL_FORMS": 1}


def test_a_further_key_is_stored_encrypted_and_never_shown(boss, provider):
    boss.post(
        page("provider_change", provider.pk),
        form_with(provider, new_key="sk-further-planted-9999"),
    )
    row = provider.further_keys.get()
    assert (row.key(), row.weight, row.key_last4) == (
        "sk-further-planted-9999",
        2,
        "9999",
    )
    shown = boss.get(page("provider_change", provider.pk)).content.decode()
    assert "…9999" in shown
    assert "planted" not in shown
    assert row.key_encrypted not in shown


def test_a_row_without_a_key_is_refused(boss, provider):
    answer = boss.post(page("provider_change", provider.pk), form_with(provider))
    assert "Give the key, or a reference to it." in answer.content.decode()
    assert not provider.further_keys.exists()


def test_only_a_superuser_sees_or_adds_one(clerk, provider):
    shown = clerk.get(page("provider_change", provider.pk)).content.decode()
    assert "further_keys" not in shown
    clerk.post(
        page("provider_change", provider.pk), form_with(provider, new_key="sk-x")
    )
    assert not provider.further_keys.exists()


def test_who_set_a_key_is_noted_without_the_key(boss, provider):
    boss.post(
        page("provider_change", provider.pk),
        provider_form(provider, new_key="sk-planted-9999"),
    )
    boss.post(
        page("provider_change", provider.pk),
        form_with(provider, new_key="sk-planted-further"),
    )
    first, second = LogEntry.objects.order_by("pk")
    assert first.user.username == second.user.username == "boss"
    assert "Key" in first.get_change_message()
    assert "b of one" in second.get_change_message()
    assert "planted" not in first.change_message + second.change_message
