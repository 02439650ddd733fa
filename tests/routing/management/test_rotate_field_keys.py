"""`manage.py rotate_field_keys`."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from routing.models import ConfigVersion, Provider

pytestmark = pytest.mark.django_db
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def row(settings) -> Provider:
    settings.FIELD_KEYS = [OLD]
    row = Provider(name="one", kind="anthropic", base_url="https://one.test")
    row.set_key("sk-own-secret-key")
    row.save()
    further = row.further_keys.model(provider=row, name="b")
    further.set_key("sk-b")
    further.save()
    return row


def test_every_stored_key_opens_with_the_newest_alone_afterwards(row, settings, capsys):
    settings.FIELD_KEYS = [NEW, OLD]
    set_at, before = row.key_set_at, ConfigVersion.current()
    call_command("rotate_field_keys")
    assert "2 stored keys are" in capsys.readouterr().out
    settings.FIELD_KEYS = [NEW]
    row.refresh_from_db()
    assert (row.key(), row.further_keys.get().key()) == ("sk-own-secret-key", "sk-b")
    assert row.key_set_at == set_at
    assert ConfigVersion.current() > before


def test_a_dry_run_changes_nothing(row, settings, capsys):
    token = row.key_encrypted
    settings.FIELD_KEYS = [NEW, OLD]
    call_command("rotate_field_keys", dry_run=True)
    row.refresh_from_db()
    assert row.key_encrypted == token
    assert "would be" in capsys.readouterr().out


def test_one_that_does_not_open_stops_it_and_nothing_is_lost(row, settings):
    settings.FIELD_KEYS = [NEW]
    other = Provider(name="two", kind="anthropic", base_url="https://two.test")
    other.set_key("sk-two")
    other.save()
    token = other.key_encrypted
    with pytest.raises(CommandError, match="the key of one") as refused:
        call_command("rotate_field_keys")
    assert "sk-" not in str(refused.value)
    other.refresh_from_db()
    assert other.key_encrypted == token
