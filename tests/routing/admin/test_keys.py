"""Client keys in admin: shown once, granted, revoked."""

from __future__ import annotations

import re

import pytest

from routing import secrets
from routing.models import ClientKey
from tests.routing.admin.pages import mistakes_in, page, said

pytestmark = pytest.mark.django_db


def test_every_page_opens_and_is_well_formed(boss):
    row, _ = ClientKey.issue("acme")
    for address in (
        page("clientkey_changelist"),
        page("clientkey_changelist") + "?q=acme",
        page("clientkey_add"),
        page("clientkey_change", row.pk),
    ):
        answer = boss.get(address)
        assert answer.status_code == 200
        assert mistakes_in(answer.content.decode()) == []


def test_a_new_client_key_is_shown_exactly_once(boss):
    answer = boss.post(
        page("clientkey_add"), {"name": "acme", "tag": "web", "enabled": "on"}
    )
    shown = re.search(r"cp_live_\w+", said(answer))[0]
    row = ClientKey.objects.get(name="acme")
    assert row.digest == secrets.client_key_digest(shown)
    first = boss.get(page("clientkey_changelist")).content.decode()
    assert shown in first
    for address in (page("clientkey_changelist"), page("clientkey_change", row.pk)):
        assert shown not in boss.get(address).content.decode()


def test_a_new_key_may_nothing_beside_asking(boss):
    boss.post(page("clientkey_add"), {"name": "acme", "enabled": "on"})
    row = ClientKey.objects.get(name="acme")
    assert (row.may_force, row.account_access) == (False, False)


def test_more_is_granted_and_told_in_the_list(boss):
    row, _ = ClientKey.issue("acme")
    granted = {"may_force": "on", "account_access": "on"}
    boss.post(
        page("clientkey_change", row.pk), {"name": "acme", "enabled": "on", **granted}
    )
    row.refresh_from_db()
    assert (row.may_force, row.account_access) == (True, True)
    listed = boss.get(page("clientkey_changelist")).content.decode()
    assert "choose who answers, account" in listed


def test_editing_a_client_key_does_not_change_what_it_is(boss):
    row, key = ClientKey.issue("acme")
    boss.post(
        page("clientkey_change", row.pk),
        {"name": "acme", "tag": "batch", "enabled": "on", "digest": "0" * 64},
    )
    row.refresh_from_db()
    assert (row.tag, row.digest) == ("batch", secrets.client_key_digest(key))


def test_client_keys_are_revoked_by_an_action(boss):
    row, _ = ClientKey.issue("acme")
    boss.post(
        page("clientkey_changelist"),
        {"action": "revoke", "_selected_action": [row.pk]},
    )
    row.refresh_from_db()
    assert not row.enabled
    assert "revoked" in boss.get(page("clientkey_changelist")).content.decode()


def test_only_a_superuser_gives_a_key_more_than_messages(clerk, boss_made_key):
    row = boss_made_key
    form = {"name": row.name, "tag": "", "enabled": "on", "account_access": "on"}
    clerk.post(page("clientkey_change", row.pk), form | {"may_force": "on"})
    row.refresh_from_db()
    assert (row.account_access, row.may_force) == (False, False)


@pytest.fixture
def boss_made_key(db):
    return ClientKey.issue("acme")[0]
