"""A provider with several keys, as the hot path reads it."""

from __future__ import annotations

import pytest

from routing.models import Provider
from routing.provider_config import provider_config

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Provider:
    row = Provider(name="one", kind="anthropic", base_url="https://one.test")
    row.set_key("sk-own-secret-key")
    row.save()
    return row


def add(row: Provider, name: str, key: str, **fields) -> None:
    further = row.further_keys.model(provider=row, name=name, **fields)
    further.set_key(key)
    further.save()


def test_one_key_is_the_key(row):
    config = provider_config(row)
    assert (config.api_key, config.keys) == ("sk-own-secret-key", ())


def test_the_own_key_stands_first_and_is_that_of_the_account(row):
    add(row, "b", "sk-b", weight=2)
    add(row, "off", "sk-off", enabled=False)
    config = provider_config(row)
    assert config.api_key == "sk-own-secret-key"
    assert [(key.secret, key.weight) for key in config.keys] == [
        ("sk-own-secret-key", 1),
        ("sk-b", 2),
    ]


def test_a_further_key_serves_where_the_own_one_is_missing(row):
    row.set_key("")
    row.key_reference = "env:ANTHROPIC_API_KEY"
    row.save()
    assert provider_config(row).trouble
    add(row, "b", "sk-b")
    config = provider_config(row)
    assert (config.api_key, config.trouble) == ("sk-b", "")


def test_a_further_key_that_does_not_open_is_left_out_and_logged(row, settings, caplog):
    add(row, "b", "sk-b")
    row.key_reference = "file:/nowhere"
    settings.FIELD_KEYS = ["b3RoZXItZmllbGQta2V5LTMyLWJ5dGVzLWxvbmctISE="]
    config = provider_config(row)
    assert config.api_key == ""
    assert "key b" in caplog.text
    assert "gAAAA" not in caplog.text + config.trouble


def test_another_host_clears_all_stored_keys(row):
    add(row, "b", "sk-b")
    row.base_url = "https://two.test"
    row.save()
    assert row.key() == ""
    assert row.further_keys.get().key() == ""
