"""Providers in admin: who may say where they are, and their keys, which never show."""

from __future__ import annotations

import re

import pytest

from routing import breaker, model_table
from routing.breaker import FAILURES
from routing.models import Provider
from routing.types import Call
from tests.builders import DRAFT, make_target
from tests.routing.admin.pages import allow, mistakes_in, page, said

pytestmark = pytest.mark.django_db


def provider_form(provider: Provider, **changes) -> dict:
    return {
        "name": provider.name,
        "kind": provider.kind,
        "enabled": "on",
        "priority": provider.priority,
        "base_url": provider.base_url,
        "key_reference": provider.key_reference,
        "new_key": "",
        "further_keys-TOTAL_FORMS": 0,
        "further_keys-INITIAL_FORMS": 0,
        "models-TOTAL_FORMS": 0,
        "models-INITIAL_FORMS": 0,
        **changes,
    }


def test_every_page_opens_and_is_well_formed(boss, provider):
    provider.models.create(name="claude*")
    for address in (
        page("provider_changelist"),
        page("provider_changelist") + "?q=one",
        page("provider_add"),
        page("provider_change", provider.pk),
        page("upstreammodel_changelist"),
        page("upstreammodel_changelist") + "?q=one",
        page("upstreammodel_add"),
    ):
        answer = boss.get(address)
        assert answer.status_code == 200
        assert mistakes_in(answer.content.decode()) == []


def test_a_stored_key_is_never_shown(boss, provider):
    for address in (
        page("provider_changelist"),
        page("provider_change", provider.pk),
        page("provider_history", provider.pk),
    ):
        content = boss.get(address).content.decode()
        assert "sk-planted-secret" not in content
        assert provider.key_encrypted not in content
    content = boss.get(page("provider_change", provider.pk)).content.decode()
    assert "ends in …cret" in content


def test_saving_without_a_key_keeps_the_stored_one(boss, provider):
    boss.post(page("provider_change", provider.pk), provider_form(provider, priority=5))
    provider.refresh_from_db()
    assert (provider.priority, provider.key()) == (5, "sk-planted-secret")


def test_a_key_that_is_typed_in_replaces_the_stored_one(boss, provider):
    form = provider_form(provider, new_key="sk-another-secret")
    boss.post(page("provider_change", provider.pk), form)
    provider.refresh_from_db()
    assert provider.key() == "sk-another-secret"


def test_a_key_can_be_forgotten(boss, provider):
    form = provider_form(provider, forget_key="on")
    boss.post(page("provider_change", provider.pk), form)
    provider.refresh_from_db()
    assert provider.key() == ""


def test_another_host_clears_the_key_and_says_so(boss, provider):
    form = provider_form(provider, base_url="https://two.test")
    answer = boss.post(page("provider_change", provider.pk), form)
    provider.refresh_from_db()
    assert provider.key() == ""
    assert "was cleared" in said(answer)


def test_a_reference_that_now_goes_elsewhere_is_pointed_out(boss, provider):
    provider.key_reference = "env:ANTHROPIC_API_KEY"
    provider.set_key("")
    provider.save()
    form = provider_form(provider, base_url="https://two.test")
    answer = boss.post(page("provider_change", provider.pk), form)
    assert "env:ANTHROPIC_API_KEY is sent to https://two.test" in said(answer)


def test_a_key_and_a_reference_at_once_are_refused(boss, provider):
    form = provider_form(
        provider, new_key="sk-another", key_reference="env:ANTHROPIC_API_KEY"
    )
    answer = boss.post(page("provider_change", provider.pk), form)
    assert "not both" in answer.content.decode()


def test_a_key_with_a_space_is_refused(boss, provider):
    form = provider_form(provider, new_key="sk another")
    answer = boss.post(page("provider_change", provider.pk), form)
    assert "A key has no spaces" in answer.content.decode()


def test_only_a_superuser_says_where_keys_go(clerk, provider):
    form = provider_form(
        provider,
        priority=5,
        base_url="https://evil.test",
        key_reference="file:/etc/passwd",
        private_allowed="on",
        takes_client_credentials="on",
        kind="openai",
    )
    clerk.post(page("provider_change", provider.pk), form)
    provider.refresh_from_db()
    assert provider.priority == 5
    assert provider.base_url == "https://one.test"
    assert (provider.key_reference, provider.private_allowed) == ("", False)
    assert provider.kind == "anthropic"
    assert not provider.takes_client_credentials
    assert clerk.get(page("provider_add")).status_code == 403


@pytest.mark.parametrize(
    "forged", [{"new_key": "sk-somebody-elses"}, {"forget_key": "on"}]
)
def test_only_a_superuser_says_how_a_provider_is_paid(clerk, provider, forged):
    address = page("provider_change", provider.pk)
    content = clerk.get(address).content.decode()
    assert 'name="new_key"' not in content
    assert 'name="forget_key"' not in content
    assert clerk.post(address, provider_form(provider, **forged)).status_code == 302
    provider.refresh_from_db()
    assert provider.key() == "sk-planted-secret"


def test_somebody_who_may_only_look_sees_a_provider_without_its_key(guest, provider):
    allow(guest, "view_provider")
    answer = guest.get(page("provider_change", provider.pk))
    assert answer.status_code == 200
    assert "sk-planted-secret" not in answer.content.decode()


def test_where_clients_own_keys_go_is_pointed_out(boss, provider):
    form = provider_form(provider, takes_client_credentials="on")
    answer = boss.post(page("provider_change", provider.pk), form)
    provider.refresh_from_db()
    assert provider.takes_client_credentials
    form |= {"base_url": "https://two.test"}
    answer = boss.post(page("provider_change", provider.pk), form)
    assert "own keys are sent to https://two.test from now on" in said(answer)


# --- What speaks against asking it ----------------------------------------------------


def conditions_listed(boss) -> list[str]:
    text = boss.get(page("provider_changelist")).content.decode()
    return re.findall(r'</th><td class="field-condition">(.*?)</td>', text)


def test_the_list_says_right_behind_the_name_what_was_seen(boss, provider):
    assert conditions_listed(boss) == ["no trouble seen"]


@pytest.mark.parametrize(
    ("changes", "auth_mode", "words"),
    [
        ({"key_encrypted": ""}, "api_key", "has no key"),
        ({"key_encrypted": "", "kind": "groq"}, "api_key", "has no key"),
        ({}, "pass_through", "takes no client&#x27;s key"),
        ({"takes_client_credentials": True}, "pass_through", "no trouble seen"),
        (
            {"key_encrypted": "", "base_url": "http://127.0.0.1:1"},
            "api_key",
            "no trouble seen",
        ),
    ],
)
def test_the_list_says_who_cannot_be_asked(
    boss, provider, settings, changes, auth_mode, words
):
    settings.CASCADE_AUTH_MODE = auth_mode
    Provider.objects.update(**changes)
    assert conditions_listed(boss) == [words]


def test_the_list_says_which_model_is_in_trouble_and_for_how_long(boss, provider):
    target = make_target(DRAFT, provider=provider.name)
    call = Call(role="draft", target=target, status=529, usage=None, duration_ms=1.0)
    for _ in range(FAILURES):
        breaker.note([call])
    Provider.objects.create(name="two", kind="simulator", base_url="http://127.0.0.1:1")
    trouble, none = conditions_listed(boss)
    assert re.fullmatch(r"draft-small: not asked for drafts for (30|29|28) s", trouble)
    assert none == "no trouble seen"


# --- Models ---------------------------------------------------------------------------


def model_form(provider: Provider, **changes) -> dict:
    return {"provider": provider.pk, "name": "draft-small", "enabled": "on", **changes}


def test_what_is_known_of_a_model_is_edited_on_its_own_page(boss, provider):
    form = model_form(
        provider,
        max_input_tokens=9,
        capabilities='{"image_input": {"supported": false}}',
        parameter_rules='{"prefill": true}',
    )
    assert boss.post(page("upstreammodel_add"), form).status_code == 302
    row = provider.models.get()
    assert row.max_input_tokens == 9
    assert row.capabilities == {"image_input": {"supported": False}}
    assert row.parameter_rules == {"prefill": True}
    change = page("upstreammodel_change", row.pk)
    assert mistakes_in(boss.get(change).content.decode()) == []
    emptied = model_form(provider, capabilities="", parameter_rules="")
    assert boss.post(change, emptied).status_code == 302
    row.refresh_from_db()
    assert (row.capabilities, row.parameter_rules) == ({}, {})


def holding(boss, row) -> str:
    content = boss.get(page("upstreammodel_change", row.pk)).content.decode()
    assert mistakes_in(content) == []
    return content.partition('class="what-holds">')[2].partition("</div></div>")[0]


def test_the_page_of_a_model_says_what_holds_for_it(boss, provider):
    provider.models.create(name="draft-*", parameter_rules={"prefill": True})
    capabilities = {"image_input": {"supported": False}}
    row = provider.models.create(
        name="draft-small", max_input_tokens=9_000, capabilities=capabilities
    )
    shown = holding(boss, row)
    assert "<dt>max input tokens</dt><dd>9,000</dd>" in shown
    assert "<dt>image input</dt><dd>no</dd>" in shown
    assert "<dt>prefill</dt><dd>yes</dd>" in shown, "the pattern says so"
    assert "Not known: max output tokens, pdf input" in shown


def test_what_a_row_leaves_out_holds_by_the_shipped_list(boss, provider):
    row = provider.models.create(name="claude-haiku-4-5", max_output_tokens=7)
    facts = model_table.shipped_facts(row.name)
    shown = holding(boss, row)
    assert f"<dt>max input tokens</dt><dd>{facts.max_input_tokens:,}</dd>" in shown
    assert "<dt>max output tokens</dt><dd>7</dd>" in shown
    pattern = provider.models.create(name="claude-*")
    assert "the shipped list may know more" in holding(boss, pattern)


def test_facts_that_nothing_would_read_are_refused(boss, provider):
    form = model_form(provider, parameter_rules='{"temperature": true}')
    answer = boss.post(page("upstreammodel_add"), form)
    assert "temperature is not known here." in answer.content.decode()
    assert not provider.models.exists()
