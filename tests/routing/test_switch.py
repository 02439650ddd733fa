"""Whether the cascade is off, in words, and the notice of it on pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template

from routing import switch
from routing.models import Controls

pytestmark = pytest.mark.django_db


def notice(user: User) -> str:
    page = Template("{% load switch %}{% cascade_off %}")
    return page.render(Context({"user": user})).strip()


def test_it_is_on_without_a_row_and_by_a_row_that_says_so():
    assert switch.why_off() == ""
    Controls.objects.create(pk=1, cascade_on=True)
    assert switch.why_off() == ""


def test_the_switch_and_the_setting_each_switch_it_off(settings):
    row = Controls.objects.create(pk=1, cascade_on=False)
    assert switch.why_off() == switch.why_off_by(row) == switch.OFF
    row.cascade_on = True
    settings.CASCADE_ENABLED = False
    assert switch.why_off_by(row) == f"{switch.OFF} {switch.BY_SETTING}"


def test_the_notice_leads_who_may_to_the_switch(db):
    boss = User.objects.create_superuser("boss")
    assert notice(boss) == ""
    Controls.objects.create(pk=1, cascade_on=False)
    assert "/admin/routing/controls/" in notice(boss)
    told = notice(User.objects.create_user("guest", is_staff=True))
    assert switch.OFF in told
    assert "/admin/" not in told


def test_the_savings_page_bears_the_notice(admin_client):
    words = "The cascade is off"
    assert words not in admin_client.get("/reports/").content.decode()
    Controls.objects.create(pk=1, cascade_on=False)
    assert words in admin_client.get("/reports/").content.decode()
