"""Client keys in admin: shown once, granted, revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from metrics.rollup_models import DailyRollup
from routing import history, secrets
from routing.limits.ledgers import ledger
from routing.limits.terms import Demand, Window
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


def act(client, action, *rows):
    return client.post(
        page("clientkey_changelist"),
        {"action": action, "_selected_action": [row.pk for row in rows]},
    )


def test_a_key_is_rotated_by_an_action_and_shown_once(boss):
    row, _ = ClientKey.issue("acme")
    shown = re.search(r"cp_live_\w+", said(act(boss, "rotate", row)))[0]
    row.refresh_from_db()
    assert row.digest == secrets.client_key_digest(shown)
    assert row.previous_works
    assert shown in boss.get(page("clientkey_changelist")).content.decode()
    later = boss.get(page("clientkey_changelist")).content.decode()
    assert shown not in later
    assert "works, old one too" in later


def test_the_overlap_can_be_ended(boss):
    row, _ = ClientKey.issue("acme")
    row.rotate(overlap=timedelta(days=1))
    act(boss, "end_previous", row)
    row.refresh_from_db()
    assert not row.previous_works
    assert row.digest


def test_no_key_in_the_history_of_what_was_done(boss):
    row, _ = ClientKey.issue("acme")
    shown = re.search(r"cp_live_\w+", said(act(boss, "rotate", row)))[0]
    entry = LogEntry.objects.get()
    assert "Rotated." in entry.change_message
    assert shown not in entry.change_message


def test_nobody_comes_by_what_only_a_superuser_can_give(clerk, boss_made_key):
    boss_made_key.account_access = True
    boss_made_key.save()
    answer = act(clerk, "rotate", boss_made_key)
    assert "Only a superuser may rotate acme" in said(answer)
    digest = boss_made_key.digest
    boss_made_key.refresh_from_db()
    assert boss_made_key.digest == digest


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ({"usd_per_day": 5}, {"usd_per_day": "6"}),
        ({"usd_per_day": 5}, {"usd_per_day": ""}),
        ({"usd_per_day": 5}, {"usd_per_day": "0"}),
        ({"requests_per_minute": 5}, {"requests_per_minute": "50"}),
        ({"session_requests": None}, {"session_requests": "0"}),
        ({"allowed_models": "claude-*"}, {"allowed_models": ""}),
        ({"allowed_models": "claude-*"}, {"allowed_models": "*"}),
        ({"allowed_rules": "default"}, {"allowed_rules": "default\nother"}),
        ({"enabled": False}, {}),
        ({"expires_at": "2999-01-01T00:00Z"}, {}),
    ],
)
def test_only_a_superuser_loosens_a_key(clerk, boss_made_key, before, wanted):
    for name, value in before.items():
        setattr(boss_made_key, name, value)
    boss_made_key.save()
    boss_made_key.refresh_from_db()
    form = {"name": "acme", "enabled": "on"} | filled(boss_made_key) | wanted
    if "expires_at" in before:
        form |= {"expires_at_0": "", "expires_at_1": ""}
    answer = clerk.post(page("clientkey_change", boss_made_key.pk), form)
    assert "Only a superuser" in answer.content.decode()
    kept = ClientKey.objects.get()
    for name in before:
        assert getattr(kept, name) == getattr(boss_made_key, name)


@pytest.mark.parametrize(
    "wanted",
    [
        {"usd_per_day": "4"},
        {"requests_per_minute": "10"},
        {"allowed_models": "claude-haiku-*"},
    ],
)
def test_everybody_who_may_edit_keys_tightens_one(clerk, boss_made_key, wanted):
    boss_made_key.usd_per_day = 5
    boss_made_key.allowed_models = "claude-*"
    boss_made_key.save()
    form = {"name": "acme", "enabled": "on"} | filled(boss_made_key) | wanted
    clerk.post(page("clientkey_change", boss_made_key.pk), form)
    kept = ClientKey.objects.get()
    ((name, value),) = wanted.items()
    assert str(getattr(kept, name)).startswith(value)


def test_a_new_key_gets_no_more_than_the_default(clerk, settings):
    settings.CASCADE_KEY_USD_PER_DAY = 5
    form = {"name": "acme", "enabled": "on", "usd_per_day": "50"}
    answer = clerk.post(page("clientkey_add"), form)
    assert "Only a superuser" in answer.content.decode()
    assert not ClientKey.objects.exists()


def filled(row):
    """What a form holds of a row that is left as it is."""
    names = ("usd_per_day", "requests_per_minute", "allowed_models", "allowed_rules")
    values = {name: getattr(row, name) for name in names}
    return {name: "" if value is None else value for name, value in values.items()}


class TestUse:
    @pytest.fixture
    def busy(self):
        row, _ = ClientKey.issue("acme", requests_per_minute=10, usd_per_day=10)
        windows = (Window(name="requests", limit=10, amount=9),)
        ledger().admit(f"limits:{row.pk}", Demand(windows=windows))
        DailyRollup.objects.create(
            day=timezone.localdate(),
            simulated=False,
            key_name="acme",
            cost_nusd=5_000_000_000,
        )
        return row

    def test_a_key_says_how_much_of_each_limit_is_used(self, boss, busy):
        shown = boss.get(page("clientkey_change", busy.pk)).content.decode()
        assert "requests in the last minute: 9 of 10 (90.0 %)" in shown
        assert "spent today: $5.00 of $10.00 (50.0 %)" in shown

    @pytest.mark.usefixtures("busy")
    def test_the_list_shows_the_nearest_and_can_be_cut_to_them(self, boss):
        ClientKey.issue("calm", requests_per_minute=10)
        shown = boss.get(page("clientkey_changelist") + "?near=yes").content.decode()
        assert "9 of 10" in shown
        assert "calm" not in shown

    def test_without_limits_there_is_nothing_to_use(self, boss):
        row, _ = ClientKey.issue("acme")
        shown = boss.get(page("clientkey_change", row.pk)).content.decode()
        assert "nothing that fills up is limited" in shown

    def test_says_when_nobody_knows(self, boss, busy, monkeypatch):
        monkeypatch.setattr(ledger(), "table", lambda _key: None)
        shown = boss.get(page("clientkey_change", busy.pk)).content.decode()
        assert "the limits cannot be counted" in shown


def test_every_change_of_a_key_is_kept_with_who_made_it_and_never_a_digest(boss):
    row, _ = ClientKey.issue("acme", usd_per_day=20)
    act(boss, "rotate", row)
    act(boss, "revoke", row)
    row.refresh_from_db()
    columns = {field.name for field in ClientKey.history.model._meta.get_fields()}
    assert not {"digest", "previous_digest", "prefix", "previous_prefix"} & columns
    revoked, rotated, made = history.versions(ClientKey, row.pk)
    assert (revoked.who, str(revoked.changes[0])) == ("boss", "enabled on -> off")
    assert (rotated.who, rotated.reason) == ("boss", "rotated")
    assert made.kind == "created"
    text = boss.get(page("clientkey_history", row.pk)).content.decode()
    assert mistakes_in(text) == []
    assert "rotated" in text


@pytest.fixture
def way_back():
    """A key that was restricted and rotated, and the address that undoes the first."""
    row, _ = ClientKey.issue("acme", usd_per_day=20)
    row.usd_per_day = 5
    row.rotate(overlap=timedelta(0))
    first = history.versions(ClientKey, row.pk)[-1]
    return row, page("clientkey_revert", row.pk, first.id)


def test_the_way_back_is_a_superusers_alone(clerk, way_back):
    row, address = way_back
    assert clerk.post(address).status_code == 403
    row.refresh_from_db()
    assert row.usd_per_day == 5


def test_the_way_back_brings_no_old_key_back(boss, way_back):
    row, address = way_back
    digest = row.digest
    boss.post(address)
    row.refresh_from_db()
    assert (row.usd_per_day, row.digest) == (20, digest)
