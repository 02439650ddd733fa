"""Who changed a provider, and who may put an earlier version back."""

from __future__ import annotations

import pytest
from django.core import serializers

from routing.models import ProviderKey
from tests.routing.admin.pages import allow, mistakes_in, page
from tests.routing.admin.test_providers import provider_form

pytestmark = pytest.mark.django_db


def test_each_change_is_kept_with_who_made_it(boss, provider):
    boss.post(page("provider_change", provider.pk), provider_form(provider, priority=7))
    newest, oldest = provider.history.all()
    assert (newest.priority, oldest.priority) == (7, 100)
    assert newest.history_user_id == "boss"
    shown = boss.get(page("provider_history", provider.pk)).content.decode()
    assert "boss" in shown
    assert mistakes_in(shown) == []


def test_no_key_is_in_any_history_or_export(provider):
    further = ProviderKey(provider=provider, name="b")
    further.set_key("sk-further-secret")
    further.save()
    for row in (provider, further):
        columns = {field.name for field in row.history.model._meta.get_fields()}
        assert "key_encrypted" not in columns
    exported = serializers.serialize("json", [*provider.history.all()])
    assert "sk-" not in exported
    assert "gAAAA" not in exported


def test_an_earlier_version_comes_back_without_a_key_for_another_host(boss, provider):
    first = provider.history.first()
    provider.base_url = "https://two.test"
    provider.save()
    provider.set_key("sk-of-two-secret")
    provider.save()
    address = page("provider_revert", provider.pk, first.pk)
    assert boss.post(address).status_code == 302
    provider.refresh_from_db()
    assert provider.base_url == "https://one.test"
    assert provider.key() == ""


def test_whoever_is_no_superuser_puts_no_base_url_back(clerk, provider):
    first = provider.history.first()
    provider.base_url = "https://two.test"
    provider.save()
    address = page("provider_revert", provider.pk, first.pk)
    assert clerk.post(address).status_code == 403
    provider.refresh_from_db()
    assert provider.base_url == "https://two.test"


def test_whoever_may_only_view_puts_nothing_back(guest, provider):
    allow(guest, "view_upstreammodel", "view_historicalupstreammodel")
    row = provider.models.create(name="claude*")
    first = row.history.first()
    row.name = "other"
    row.save()
    address = page("upstreammodel_revert", row.pk, first.pk)
    assert guest.post(address).status_code == 403
    row.refresh_from_db()
    assert row.name == "other"
