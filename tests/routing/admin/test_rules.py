"""Rules in admin: edited, refused with reasons, told in words."""

from __future__ import annotations

import pytest
from django.urls import reverse

from routing.models import CascadeRule, ClientKey, Controls
from routing.rule_loading import rule_config
from tests.routing.admin.pages import allow, mistakes_in, page, said

pytestmark = pytest.mark.django_db


def form(**changes) -> dict:
    return {
        "name": "first",
        "enabled": "on",
        "request_model": "verifier-large",
        "draft_model": "draft-small",
        "threshold": 0.7,
        "prior": 0.85,
        "draft_timeout_s": 60,
        "latency": "save",
        "slow_draft_s": 3,
        "priority": 100,
        "tools": "any",
        "streaming": "any",
        "subagents": "any",
        "rollout_percent": 100,
        "on_verifier_error": "relay",
        "response_model": "requested",
        "store_text": "none",
        "store_text_percent": "5",
        "mode": "guarded",
        "second_when": "uncertain",
        "judge_when": "uncertain",
        "shadow_percent": "0",
        "shadow_per_day": "200",
        "check_budget_percent": "25",
        "max_harm_percent": "5",
        "certificate_confidence": "95",
        "on_lapse": "guarded",
        **changes,
    }


def row_form(rule, **changes) -> dict:
    return {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": rule.pk,
        "form-0-threshold": "0.7",
        "_save": "Save",
        **changes,
    }


def test_every_page_opens_and_is_well_formed(boss, rule):
    Controls.objects.create(pk=1, cascade_on=False)
    addresses = (
        page("cascaderule_changelist"),
        page("cascaderule_changelist") + "?q=first&tools__exact=any",
        page("cascaderule_add"),
        page("cascaderule_change", rule.pk),
    )
    for address in addresses:
        answer = boss.get(address)
        assert answer.status_code == 200
        assert mistakes_in(answer.content.decode()) == []


def test_threshold_and_switch_are_edited_in_the_list(boss, rule):
    changes = {"form-0-threshold": "0.5"}
    boss.post(page("cascaderule_changelist"), row_form(rule, **changes))
    rule.refresh_from_db()
    assert (rule.threshold, rule.enabled) == (0.5, False)


@pytest.mark.parametrize(
    ("threshold", "words"), [("7", "less than or equal to 1"), ("x", "Enter a number")]
)
def test_a_mistake_in_the_list_says_what_to_do(boss, rule, threshold, words):
    changes = {"form-0-threshold": threshold}
    answer = boss.post(page("cascaderule_changelist"), row_form(rule, **changes))
    assert words in answer.content.decode()


def test_the_list_tells_of_a_mistake_in_a_field_it_does_not_show(boss, rule):
    key, _ = ClientKey.issue("acme", tag="web")
    CascadeRule.objects.update(client_key=key, tag="batch")
    answer = boss.post(page("cascaderule_changelist"), row_form(rule))
    assert "this rule would never apply" in answer.content.decode()


def test_a_rule_that_cannot_work_is_refused_at_its_field(boss):
    answer = boss.post(page("cascaderule_add"), form(draft_model="verifier-large"))
    assert "Name a cheaper model" in answer.content.decode()
    assert not CascadeRule.objects.exists()


def test_a_rule_that_can_only_lose_money_is_saved_with_a_warning(boss):
    answer = boss.post(page("cascaderule_add"), form(prior=0.6))
    assert CascadeRule.objects.get().prior == 0.6
    assert "every draft is paid for and none is used" in said(answer)


def test_how_drafts_are_judged_is_saved_and_the_mode_told_in_the_list(boss):
    changes = {
        "mode": "certified",
        "second_model": "second-small",
        "second_when": "always",
        "shadow_percent": "2",
        "shadow_quiet_hours": "22-6",
        "max_harm_percent": "2",
        "on_lapse": "observe",
    }
    answer = boss.post(page("cascaderule_add"), form(**changes))
    assert answer.status_code == 302
    rule = CascadeRule.objects.get()
    assert (rule.second_model, rule.max_harm_percent) == ("second-small", 2.0)
    listed = boss.get(page("cascaderule_changelist")).content.decode()
    assert "certified: the threshold of a certificate" in listed


def test_a_second_model_that_is_not_asked_may_become_the_draft(boss):
    off = {"draft_model": "luna", "second_model": "luna", "second_when": "off"}
    assert boss.post(page("cascaderule_add"), form(**off)).status_code == 302
    asked = off | {"name": "other", "second_when": "uncertain"}
    refused = boss.post(page("cascaderule_add"), form(**asked))
    assert "errs where the first did" in refused.content.decode()


def test_a_certified_rule_that_would_learn_nothing_is_saved_with_a_warning(boss):
    answer = boss.post(page("cascaderule_add"), form(mode="certified"))
    assert CascadeRule.objects.get().mode == "certified"
    assert "without shadow evaluation" in said(answer)


def test_conditions_are_saved_and_told_in_the_list(boss):
    changes = {
        "tools": "with",
        "subagents": "only",
        "max_prompt_tokens": "8000",
        "headers": "x-app: cli*\r\nx-team: blue",
        "rollout_percent": "10",
        "clamp_max_tokens": "on",
        "fallback_model": "spare-large",
        "tag": "web",
    }
    answer = boss.post(page("cascaderule_add"), form(**changes))
    assert answer.status_code == 302
    rule = CascadeRule.objects.get()
    assert (rule.tools, rule.max_prompt_tokens) == ("with", 8000)
    assert (rule.clamp_max_tokens, rule.fallback_model) == (True, "spare-large")
    listed = boss.get(page("cascaderule_changelist")).content.decode()
    assert (
        "tag web, with tools, subagents only, x-app: cli* and x-team: blue, "
        "prompts up to 8,000 tokens, 10 % of conversations" in listed
    )


def test_a_rule_without_conditions_is_for_everybody(boss, rule):
    assert "everybody" in boss.get(page("cascaderule_changelist")).content.decode()


def test_conditions_are_folded_away_until_one_is_set(boss, rule):
    address = page("cascaderule_change", rule.pk)
    for changes, folded in (({}, True), ({"tools": "with"}, False)):
        CascadeRule.objects.update(**changes)
        assert ("<details>" in boss.get(address).content.decode()) is folded


def test_a_mistake_in_a_folded_section_opens_it(boss):
    answer = boss.post(page("cascaderule_add"), form(headers="x-api-key: sk*"))
    content = answer.content.decode()
    assert "carries a key" in content
    assert "<details>" not in content


def test_rules_are_switched_by_an_action(boss, rule):
    for action, expected in (("disable", False), ("enable", True)):
        boss.post(
            page("cascaderule_changelist"),
            {"action": action, "_selected_action": [rule.pk]},
        )
        rule.refresh_from_db()
        assert rule.enabled is expected


def test_a_rule_can_be_tried_from_its_page(boss, rule):
    content = boss.get(page("cascaderule_change", rule.pk)).content.decode()
    assert reverse("routing:try_rule", args=[rule.pk]) in content


def test_the_list_says_when_no_rule_asks_a_draft(boss, rule, settings):
    address = page("cascaderule_changelist")
    notice = "The cascade is off"
    assert notice not in boss.get(address).content.decode()
    Controls.objects.create(pk=1, cascade_on=False)
    off = boss.get(address).content.decode()
    assert notice in off
    assert page("controls_changelist") in off
    Controls.objects.update(cascade_on=True)
    assert off.index(notice) < off.index("object-tools"), "above, never under a button"
    assert notice not in boss.get(address).content.decode()
    settings.CASCADE_ENABLED = False
    assert "CASCADE_ENABLED is false" in boss.get(address).content.decode()


def test_only_who_may_switch_is_led_to_the_switch(guest, rule):
    Controls.objects.create(pk=1, cascade_on=False)
    allow(guest, "view_cascaderule")
    content = guest.get(page("cascaderule_changelist")).content.decode()
    assert "The cascade is off" in content
    assert page("controls_changelist") not in content


def test_who_may_not_sees_nothing(guest):
    assert guest.get(page("cascaderule_changelist")).status_code == 403


def test_what_text_a_rule_keeps_is_edited_and_explained(boss):
    changes = {"store_text": "sampled", "store_text_percent": "2.5"}
    boss.post(page("cascaderule_add"), form(**changes))
    rule = CascadeRule.objects.get()
    assert (rule.store_text, rule.text_share) == ("sampled", 0.025)
    text = boss.get(page("cascaderule_change", rule.pk)).content.decode()
    assert "every look is written down" in text


@pytest.mark.parametrize("percent", ["-1", "101"])
def test_a_share_of_text_that_is_none_is_refused(boss, percent):
    changes = {"store_text": "sampled", "store_text_percent": percent}
    boss.post(page("cascaderule_add"), form(**changes))
    assert not CascadeRule.objects.exists()


def test_what_clients_wait_is_saved_and_bounded(boss):
    changes = {"latency": "balanced", "slow_draft_s": "1.5"}
    assert boss.post(page("cascaderule_add"), form(**changes)).status_code == 302
    rule = CascadeRule.objects.get()
    assert (rule.latency, rule.slow_draft_s) == ("balanced", 1.5)
    assert rule_config(rule).terms.slow_draft_s == 1.5
    answer = boss.post(page("cascaderule_add"), form(name="other", slow_draft_s="0"))
    assert "Ensure this value is greater than or equal to 0.1." in (
        answer.content.decode()
    )
