"""The switch in admin: who may use it, what it says, what holds."""

from __future__ import annotations

import pytest

from routing.models import ConfigVersion, Controls
from tests.routing.admin.pages import allow, mistakes_in, page, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def address():
    return page("controls_change", Controls.current().pk)


def test_the_list_leads_to_the_switch(boss, address):
    assert boss.get(page("controls_changelist")).url == address


def test_the_page_says_what_holds_and_is_well_formed(boss, address):
    content = boss.get(address).content.decode()
    assert "The cascade is on: rules ask their drafts." in content
    assert "no draft is asked, the verifier of each rule answers" in content, "help"
    assert "Cascade is on</label>" in content
    assert "<h2>" not in content.partition('id="content"')[2].partition("<form")[0]
    assert "the switch" in content.partition("breadcrumbs")[2].partition("</div>")[0]
    assert mistakes_in(content) == []


def test_saving_says_what_holds_now_and_tells_the_workers(boss, address):
    for form, words in (({}, "The cascade is off"), ({"cascade_on": "on"}, "is on:")):
        version = ConfigVersion.current()
        answer = boss.post(address, form)
        assert words in said(answer)
        assert answer.url == address
        assert Controls.objects.get().cascade_on is bool(form)
        assert ConfigVersion.current() > version


def test_a_setting_that_switches_off_wins_and_is_named(boss, address, settings):
    settings.CASCADE_ENABLED = False
    assert "CASCADE_ENABLED is false; it wins" in boss.get(address).content.decode()
    answer = boss.post(address, {"cascade_on": "on"})
    assert "The cascade is off" in said(answer)
    assert "CASCADE_ENABLED" in said(answer)


def test_there_is_one_row_and_one_way_to_save_it(boss, address):
    content = boss.get(address).content.decode()
    assert 'name="_continue"' not in content
    assert 'name="_addanother"' not in content
    assert boss.get(page("controls_add")).status_code == 403
    assert boss.get(page("controls_delete", 1)).status_code == 403


def test_who_may_change_controls_and_nobody_else_switches(guest, address):
    assert guest.get(page("controls_changelist")).status_code == 403
    assert guest.post(address, {}).status_code == 403
    allow(guest, "view_controls")
    assert "The cascade is on" in guest.get(address).content.decode()
    assert guest.post(address, {}).status_code == 403
    assert Controls.objects.get().cascade_on
    allow(guest, "change_controls")
    guest.post(address, {})
    assert not Controls.objects.get().cascade_on
