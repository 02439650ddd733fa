from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from routing import secrets
from routing.models import ClientKey

pytestmark = pytest.mark.django_db


def test_prints_the_key_alone_and_keeps_a_digest(capsys):
    call_command("create_api_key", "acme", "--tag", "web")
    key = capsys.readouterr().out.strip()
    row = ClientKey.objects.get(name="acme")
    assert not secrets.looks_mistyped(key)
    assert (row.digest, row.tag) == (secrets.client_key_digest(key), "web")


def test_a_key_may_more_only_when_that_is_said():
    call_command("create_api_key", "acme")
    call_command("create_api_key", "globex", "--may-force", "--account-access")
    granted = ClientKey.objects.values_list("name", "may_force", "account_access")
    assert list(granted) == [("acme", False, False), ("globex", True, True)]


def test_a_day_lasts_to_its_end():
    call_command("create_api_key", "acme", "--expires", "2999-01-31")
    expected = datetime(2999, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert ClientKey.objects.get().expires_at == expected


def test_a_moment_is_in_utc():
    call_command("create_api_key", "acme", "--expires", "2999-01-31T12:00")
    assert ClientKey.objects.get().expires_at == datetime(2999, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("moment", ["soon", "2999-13-01", "2001-01-01"])
def test_a_moment_that_is_none_or_has_passed_is_refused(moment):
    with pytest.raises(CommandError, match=moment):
        call_command("create_api_key", "acme", "--expires", moment)
    assert not ClientKey.objects.exists()


def test_a_name_is_given_once():
    call_command("create_api_key", "acme")
    with pytest.raises(CommandError, match="already exists"):
        call_command("create_api_key", "acme")
