"""The history of a rule in admin: told, and gone back in by who may change it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from routing import history
from routing.models import CascadeRule
from tests.routing.admin.pages import mistakes_in, page, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def changed(rule):
    CascadeRule.objects.update(threshold=0.9)
    return rule


def revert_address(rule, place=-1):
    version = history.versions(CascadeRule, rule.pk)[place]
    return page("cascaderule_revert", rule.pk, version.id)


def sign_in(client, *codenames):
    user = User.objects.create_user("clark", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def test_it_tells_what_changed_and_offers_the_way_back(boss, changed):
    text = boss.get(page("cascaderule_history", changed.pk)).content.decode()
    assert mistakes_in(text) == []
    assert "<del>0.70</del>" in text
    assert "<ins>0.90</ins>" in text
    assert text.count("Go back to this") == 1


def test_one_click_goes_back(boss, changed):
    answer = boss.post(revert_address(changed))
    changed.refresh_from_db()
    assert changed.threshold == 0.7
    assert "threshold 0.90 -&gt; 0.70" in said(answer) or "0.90 -> 0.70" in said(answer)
    newest = history.versions(CascadeRule, changed.pk)[0]
    assert newest.who == "boss"


def test_it_is_not_gone_back_by_following_a_link(boss, changed):
    assert boss.get(revert_address(changed)).status_code == 405


def test_a_form_of_another_site_changes_nothing(boss, changed):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = boss.cookies
    assert strict.post(revert_address(changed)).status_code == 403
    changed.refresh_from_db()
    assert changed.threshold == 0.9


def test_who_may_only_look_sees_it_and_may_not_go_back(client, changed):
    reader = sign_in(client, "view_cascaderule")
    text = reader.get(page("cascaderule_history", changed.pk)).content.decode()
    assert "<del>0.70</del>" in text
    assert "Go back to this" not in text
    assert reader.post(revert_address(changed)).status_code == 403


def test_who_may_not_see_rules_sees_no_history(client, changed):
    stranger = sign_in(client)
    address = page("cascaderule_history", changed.pk)
    assert stranger.get(address).status_code == 403


def test_a_version_that_never_was_is_not_found(boss, changed):
    address = page("cascaderule_revert", changed.pk, 999_999)
    assert boss.post(address).status_code == 404


@pytest.mark.parametrize("key", ["77", "x"])
def test_a_row_that_never_was_is_not_found(boss, key):
    assert boss.get(page("cascaderule_history", key)).status_code == 404


def test_a_rule_that_was_deleted_is_still_told(boss, changed):
    pk = changed.pk
    changed.delete()
    text = boss.get(page("cascaderule_history", pk)).content.decode()
    assert "It was deleted" in text
    assert "Go back to this" not in text


def test_going_back_to_what_is_refused_says_why(boss, rule):
    CascadeRule.objects.update(name="second")
    CascadeRule.objects.create(
        name="first", request_model="verifier-large", draft_model="draft-small"
    )
    answer = boss.post(revert_address(rule))
    assert "second stays as it is" in said(answer)


@pytest.mark.parametrize(("action", "words"), [("disable", "on -> off")])
def test_actions_of_the_list_are_versions(boss, rule, action, words):
    boss.post(
        page("cascaderule_changelist"),
        {"action": action, "_selected_action": [rule.pk]},
    )
    newest = history.versions(CascadeRule, rule.pk)[0]
    assert (str(newest.changes[0]), newest.who) == (f"enabled {words}", "boss")


def test_edits_in_the_list_are_versions(boss, rule):
    boss.post(
        page("cascaderule_changelist"),
        {
            "form-TOTAL_FORMS": 1,
            "form-INITIAL_FORMS": 1,
            "form-0-id": rule.pk,
            "form-0-threshold": "0.5",
            "form-0-enabled": "on",
            "_save": "Save",
        },
    )
    newest = history.versions(CascadeRule, rule.pk)[0]
    assert str(newest) == "threshold 0.70 -> 0.50 by boss"


def test_the_list_and_the_form_lead_to_the_report(boss, rule):
    for address in (
        page("cascaderule_changelist"),
        page("cascaderule_change", rule.pk),
    ):
        assert 'href="/reports/rules/first/"' in boss.get(address).content.decode()
