"""The page that tries a rule: who may, what it asks, what it shows."""

from __future__ import annotations

import httpx
import pytest
from django.contrib.auth.models import Permission, User

from routing.models import CascadeRule
from routing.snapshot import holder
from tests.builders import DRAFT, VERIFIER
from tests.fakes import HttpAnswer, message_bytes
from tests.routing.admin.pages import mistakes_in


@pytest.fixture
def address(proxy):
    proxy.add_rule()
    return f"/rules/{CascadeRule.objects.get().pk}/try/"


@pytest.fixture
def submit(address, admin_client):
    def submit(**fields):
        form = {"model": VERIFIER, "prompt": "What is 2 + 2?", "max_tokens": 100}
        return admin_client.post(address, form | fields)

    return submit


def answer(model, text):
    return HttpAnswer(chunks=[message_bytes(text, model=model)])


def test_shows_an_accepted_draft_with_its_verdict_and_cost(submit, upstream, proxy):
    upstream.script(DRAFT, answer(DRAFT, "It is four."))
    page = submit().content.decode()
    assert "Draft accepted (confidence 0.85)" in page
    assert page.count("It is four.") == 2
    assert upstream.models == [DRAFT]
    decision = proxy.decision
    assert (decision.tag, decision.key_name) == ("try", "admin")


def test_shows_both_answers_of_an_escalation(submit, upstream, proxy):
    CascadeRule.objects.update(prior=0.45, enabled=False)
    upstream.script(DRAFT, answer(DRAFT, "Perhaps four."))
    upstream.script(VERIFIER, answer(VERIFIER, "Four."))
    page = submit().content.decode()
    assert "Escalated (0.45 &lt; 0.70)" in page
    assert "Perhaps four." in page
    assert "<pre>Four.</pre>" in page
    assert proxy.decision.outcome == "escalated"


def test_shows_the_error_of_a_provider_whatever_its_bytes(submit, upstream):
    CascadeRule.objects.update(prior=0.45)
    upstream.script(DRAFT, httpx.ConnectError("refused"))
    upstream.script(VERIFIER, HttpAnswer(status=529, chunks=[b"busy \xff"]))
    page = submit().content.decode()
    assert "529: busy" in page


def test_says_which_rule_a_client_would_come_to(submit, upstream):
    upstream.script(DRAFT, answer(DRAFT, "Four."), answer(DRAFT, "Four."))
    assert "comes to this rule" in submit().content.decode()
    CascadeRule.objects.update(tools="with")
    holder.refresh()
    page = submit().content.decode()
    told, shown = page.index("because this one asks for tools"), page.index("<h2>Draft")
    assert told < shown


def test_says_that_the_cascade_is_off_and_asks_the_draft(submit, upstream, settings):
    notice = "The cascade is off: clients get the verifier."
    upstream.script(DRAFT, answer(DRAFT, "Four."), answer(DRAFT, "Four."))
    assert notice not in submit().content.decode()
    settings.CASCADE_ENABLED = False
    page = submit().content.decode()
    assert notice in page
    assert "Draft accepted" in page


def test_the_totals_stand_below_the_calls(submit, upstream):
    upstream.script(DRAFT, answer(DRAFT, "Four."))
    page = submit().content.decode()
    calls, totals = page.index("Calls</caption>"), page.index('<dl class="totals">')
    assert calls < totals
    assert page.index("Saving", totals)
    assert mistakes_in(page) == []


def test_escapes_what_models_write(submit, upstream):
    upstream.script(DRAFT, answer(DRAFT, "<script>alert(1)</script>"))
    assert b"<script>alert" not in submit().content


@pytest.mark.parametrize("field", ["model", "prompt", "max_tokens"])
def test_asks_nobody_for_half_a_form(submit, upstream, field):
    assert b"This field is required." in submit(**{field: ""}).content
    assert upstream.requests == []


def test_begins_with_a_model_the_rule_is_for(address, admin_client):
    CascadeRule.objects.update(request_model=f"{VERIFIER}*")
    assert f'value="{VERIFIER}"' in admin_client.get(address).content.decode()


def test_is_for_staff_that_may_change_rules(address, client):
    assert client.get(address).status_code == 302
    staff = User.objects.create_user("s", password="p", is_staff=True)
    client.force_login(staff)
    assert client.get(address).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="change_cascaderule"))
    assert client.get(address).status_code == 200
