"""Changing a rule from its page: one threshold, one step back, by who may."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from routing import history
from routing.models import CascadeRule, ConfigVersion
from tests.routing.admin.pages import said

pytestmark = pytest.mark.django_db
APPLY, REVERT = "/reports/rules/first/threshold/", "/reports/rules/first/revert/"


def latest(rule):
    return history.versions(CascadeRule, rule.pk)[0]


def apply(client, rule, threshold="0.8", **changes):
    form = {"threshold": threshold, "seen": latest(rule).id}
    return client.post(APPLY, form | changes)


def revert(client, rule, **changes):
    last = latest(rule)
    return client.post(REVERT, {"version": last.previous, "seen": last.id} | changes)


def test_applying_writes_a_version_and_says_so(admin_client, rule):
    before = ConfigVersion.current()
    answer = apply(admin_client, rule, state="period=7d&simulated=1&next=//evil.test")
    assert answer.url == "/reports/rules/first/?period=7d&simulated=1"
    assert "Rule first: threshold 0.70 -> 0.80." in said(answer)
    rule.refresh_from_db()
    assert rule.threshold == 0.8
    assert ConfigVersion.current() > before
    newest = latest(rule)
    assert newest.reason == "threshold 0.70 -> 0.80 from the rule page"
    assert newest.who == "admin"


def test_the_page_then_offers_to_take_it_back(admin_client, rule):
    apply(admin_client, rule)
    text = admin_client.get("/reports/rules/first/").content.decode()
    assert "threshold 0.70 -&gt; 0.80 by admin" in text
    assert f'name="version" value="{latest(rule).previous}"' in text


def test_taking_it_back_is_one_click_and_a_version_of_its_own(admin_client, rule):
    apply(admin_client, rule)
    before = ConfigVersion.current()
    answer = revert(admin_client, rule)
    assert "threshold 0.80 -> 0.70" in said(answer)
    rule.refresh_from_db()
    assert rule.threshold == 0.7
    assert ConfigVersion.current() > before
    assert len(history.versions(CascadeRule, rule.pk)) == 3


@pytest.mark.parametrize("change", [apply, revert])
def test_only_who_may_change_rules_may_change_one(client, rule, change):
    CascadeRule.objects.update(threshold=0.9)
    assert change(client, rule).status_code == 302
    user = User.objects.create_user("clark", is_staff=True)
    readers = ("view_routingdecision", "view_cascaderule")
    user.user_permissions.set(Permission.objects.filter(codename__in=readers))
    client.force_login(user)
    assert change(client, rule).status_code == 403
    rule.refresh_from_db()
    assert rule.threshold == 0.9


@pytest.mark.parametrize("address", [APPLY, REVERT])
def test_a_link_changes_nothing(admin_client, rule, address):
    assert admin_client.get(address).status_code == 405


@pytest.mark.parametrize("change", [apply, revert])
def test_a_form_of_another_site_changes_nothing(admin_client, rule, change):
    CascadeRule.objects.update(threshold=0.9)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client.cookies
    assert change(strict, rule).status_code == 403
    rule.refresh_from_db()
    assert rule.threshold == 0.9


@pytest.mark.parametrize("threshold", ["", "x", "1.5", "-0.1", "nan", "inf"])
def test_a_threshold_that_is_none_changes_nothing(admin_client, rule, threshold):
    answer = apply(admin_client, rule, threshold)
    assert "Nothing was changed. threshold:" in said(answer)
    assert len(history.versions(CascadeRule, rule.pk)) == 1


@pytest.mark.parametrize("change", [apply, revert])
def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    admin_client, rule, change
):
    CascadeRule.objects.update(threshold=0.9)
    seen = latest(rule).id
    CascadeRule.objects.update(threshold=0.95)
    answer = change(admin_client, rule, seen=seen)
    assert "Somebody changed the rule meanwhile" in said(answer)
    rule.refresh_from_db()
    assert rule.threshold == 0.95


def test_the_threshold_that_holds_is_no_change(admin_client, rule):
    answer = apply(admin_client, rule, "0.7")
    assert "is 0.70 already" in said(answer)
    assert len(history.versions(CascadeRule, rule.pk)) == 1


def test_a_threshold_no_draft_can_reach_is_applied_with_a_warning(admin_client, rule):
    answer = apply(admin_client, rule, "0.9")
    assert "every draft is paid for and none is used" in said(answer)


def test_a_version_that_never_was_changes_nothing(admin_client, rule):
    answer = revert(admin_client, rule, version=999_999)
    assert "There is no such version" in said(answer)


def test_going_back_to_another_name_leads_to_it(admin_client, rule):
    CascadeRule.objects.update(name="renamed")
    last = latest(rule)
    answer = admin_client.post(
        "/reports/rules/renamed/revert/", {"version": last.previous, "seen": last.id}
    )
    assert answer.url == "/reports/rules/first/"


@pytest.mark.parametrize("address", [APPLY, REVERT])
def test_a_rule_that_is_gone_is_not_found(admin_client, address):
    assert admin_client.post(address, {"threshold": "0.8"}).status_code == 404
