from datetime import UTC, datetime
from decimal import Decimal

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


def test_says_what_a_key_may_and_how_much(capsys):
    call_command(
        "create_api_key",
        "ci",
        "--owner=platform",
        "--allow-model=claude-haiku-*",
        "--allow-model=claude-opus-5-5",
        "--allow-rule=default",
        "--requests-per-minute=60",
        "--usd-per-day=2.5",
        "--session-requests=0",
    )
    row = ClientKey.objects.get()
    assert row.owner == "platform"
    assert row.allowed_models == "claude-haiku-*\nclaude-opus-5-5"
    assert row.allowed_rules == "default"
    assert (row.requests_per_minute, row.usd_per_day) == (60, Decimal("2.5"))
    assert (row.session_requests, row.tokens_per_minute) == (0, None)


def test_a_model_that_could_not_be_one_is_refused():
    with pytest.raises(CommandError, match="no spaces"):
        call_command("create_api_key", "ci", "--allow-model=claude haiku")
    assert not ClientKey.objects.exists()


@pytest.mark.parametrize("limit", ["--usd-per-day=-1", "--requests-per-minute=-1"])
def test_a_limit_below_nought_is_refused(limit):
    with pytest.raises(CommandError):
        call_command("create_api_key", "ci", limit)
    assert not ClientKey.objects.exists()
