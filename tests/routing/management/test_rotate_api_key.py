from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from routing import secrets
from routing.models import ClientKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return ClientKey.issue("acme")[0]


def test_prints_the_new_key_alone_and_leaves_the_old_one_for_a_day(acme, capsys):
    call_command("rotate_api_key", "acme")
    printed = capsys.readouterr()
    row = ClientKey.objects.get()
    assert row.digest == secrets.client_key_digest(printed.out.strip())
    assert row.previous_digest == acme.digest
    left = row.previous_until - timezone.now()
    assert timedelta(hours=23) < left < timedelta(hours=25)
    assert "The old one works until" in printed.err


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("30m", timedelta(minutes=30)),
        ("7d", timedelta(days=7)),
        ("90s", timedelta(seconds=90)),
    ],
)
def test_an_overlap_is_what_one_says(acme, overlap, expected):
    call_command("rotate_api_key", "acme", "--overlap", overlap)
    left = ClientKey.objects.get().previous_until - timezone.now()
    assert expected - timedelta(minutes=1) < left <= expected


def test_nought_ends_the_old_key_at_once(acme, capsys):
    call_command("rotate_api_key", "acme", "--overlap", "0")
    row = ClientKey.objects.get()
    assert (row.previous_digest, row.previous_until) == ("", None)
    assert "has stopped working" in capsys.readouterr().err


@pytest.mark.parametrize("overlap", ["soon", "5", "-1h", "1w"])
def test_an_overlap_that_is_none_is_refused_and_nothing_changes(acme, overlap):
    with pytest.raises(CommandError, match="no span"):
        call_command("rotate_api_key", "acme", f"--overlap={overlap}")
    assert ClientKey.objects.get().digest == acme.digest


def test_a_revoked_key_gets_no_successor(acme):
    call_command("revoke_api_key", "acme")
    with pytest.raises(CommandError, match="is revoked"):
        call_command("rotate_api_key", "acme")


def test_names_the_keys_there_are(acme):
    with pytest.raises(CommandError, match="Keys: acme"):
        call_command("rotate_api_key", "acne")
