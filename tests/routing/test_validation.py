"""Rules that contradict themselves, facts nothing would read, and what is said."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from routing.models import CascadeRule, RuleKnowledge, UpstreamModel
from routing.validation import why_it_only_loses, why_unproven

pytestmark = pytest.mark.django_db


def problems(**fields) -> dict[str, list[str]]:
    usual = {
        "name": "first",
        "request_model": "verifier-large",
        "draft_model": "draft-small",
    }
    try:
        CascadeRule(**usual | fields).full_clean()
    except ValidationError as error:
        return error.message_dict
    return {}


@pytest.mark.parametrize(
    "fields",
    [
        {"min_prompt_tokens": 5, "max_prompt_tokens": 5},
        {"min_prompt_tokens": 0},
        {"max_prompt_tokens": 1},
        {"headers": "anthropic-beta: *one*\nanthropic-beta: *two*"},
        {"headers": "x-app: cli\nx-app: cli"},
        {"headers": "x-claude-code-agent-id: a*", "subagents": "only"},
        {"fallback_model": "spare-large"},
        {"fallback_model": "draft-small"},
        {"request_model": "verifier-*", "fallback_model": "verifier-old"},
        {"rollout_percent": 0},
        {"second_model": "second-small", "judge_model": "judge-medium"},
        {"judge_model": "verifier-large"},
        {"shadow_quiet_hours": "22-6"},
        {"mode": "certified"},
    ],
)
def test_what_can_hold_at_once_is_fine(fields):
    assert problems(**fields) == {}


@pytest.mark.parametrize(
    ("fields", "at", "words"),
    [
        ({"second_model": "draft-small"}, "second_model", "the draft itself"),
        ({"second_model": "verifier-large"}, "second_model", "the verifier itself"),
        (
            {"second_model": "other", "verifier_model": "other"},
            "second_model",
            "the verifier itself",
        ),
        ({"judge_model": "draft-small"}, "judge_model", "judge its own work"),
        ({"shadow_quiet_hours": "22"}, "shadow_quiet_hours", "Two hours"),
        ({"shadow_quiet_hours": "24-6"}, "shadow_quiet_hours", "Two hours"),
        ({"shadow_quiet_hours": "06-6"}, "shadow_quiet_hours", "none is quiet"),
        (
            {"min_prompt_tokens": 9, "max_prompt_tokens": 8},
            "max_prompt_tokens",
            "at least 9 and at most 8 tokens",
        ),
        ({"max_prompt_tokens": 0}, "max_prompt_tokens", "No prompt is so short"),
        ({"min_prompt_tokens": -1}, "min_prompt_tokens", "greater than or equal to 0"),
        ({"headers": "x-app: a\nX-App: b"}, "headers", "cannot be a and b at once"),
        (
            {"headers": "X-Claude-Code-Agent-Id: *", "subagents": "never"},
            "headers",
            "Only subagents send x-claude-code-agent-id",
        ),
        ({"headers": "x-app"}, "headers", "write a name, a colon and a pattern"),
        ({"headers": "x-api-key: sk*"}, "headers", "x-api-key carries a key"),
        ({"rollout_percent": 101}, "rollout_percent", "less than or equal to 100"),
        ({"rollout_percent": -1}, "rollout_percent", "greater than or equal to 0"),
        ({"tools": "some"}, "tools", "not a valid choice"),
        ({"fallback_model": "verifier-large"}, "fallback_model", "the verifier itself"),
        (
            {"verifier_model": "other-large", "fallback_model": "other-large"},
            "fallback_model",
            "the verifier itself",
        ),
        ({"fallback_model": "spare*"}, "fallback_model", "Name one model"),
    ],
)
def test_a_contradiction_is_told_at_its_field(fields, at, words):
    found = problems(**fields)
    assert set(found) == {at}
    assert words in " ".join(found[at])


def test_every_contradiction_is_told_at_once():
    found = problems(
        verifier_model="draft-small", max_prompt_tokens=0, fallback_model="draft-small"
    )
    assert set(found) == {"draft_model", "max_prompt_tokens", "fallback_model"}


# --- Models ---------------------------------------------------------------------------


def model_problems(**columns) -> dict[str, list[str]]:
    row = UpstreamModel(name="draft-small", **columns)
    try:
        row.clean()
    except ValidationError as error:
        return error.message_dict
    return {}


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"capabilities": None, "parameter_rules": None},
        {"capabilities": {"image_input": {"supported": False}, "novel": None}},
        {"capabilities": {"effort": {"supported": True, "xhigh": None}}},
        {"parameter_rules": {"sampling": True, "prefill": False}},
    ],
)
def test_facts_that_are_read_may_be_said(columns):
    assert model_problems(**columns) == {}


@pytest.mark.parametrize(
    ("columns", "at", "words"),
    [
        ({"capabilities": [1]}, "capabilities", "Write an object such as"),
        (
            {"capabilities": {"image_input": True}},
            "capabilities",
            "Write image_input as",
        ),
        ({"capabilities": {"thinking": None}}, "capabilities", "Write thinking as"),
        ({"capabilities": {"novel": "yes"}}, "capabilities", "Write novel as"),
        ({"parameter_rules": "no"}, "parameter_rules", "Write an object such as"),
        (
            {"parameter_rules": {"top_p": True}},
            "parameter_rules",
            "Write only sampling",
        ),
        ({"parameter_rules": {"prefill": 1}}, "parameter_rules", "as true or false"),
    ],
)
def test_facts_that_nothing_would_read_are_refused(columns, at, words):
    found = model_problems(**columns)
    assert set(found) == {at}
    assert words in found[at][0]


def test_an_emptied_field_of_facts_says_nothing():
    row = UpstreamModel(name="draft-small", capabilities=None, parameter_rules=None)
    row.clean()
    assert (row.capabilities, row.parameter_rules) == ({}, {})


def low(**fields) -> CascadeRule:
    values = {"name": "first", "request_model": "a", "draft_model": "b", "prior": 0.5}
    return CascadeRule(**values | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"second_model": "c"},
        {"judge_model": "c"},
        {"mode": "observe"},
        {"mode": "certified", "on_lapse": "observe"},
        {"enabled": False},
        {"prior": 0.9},
    ],
)
def test_a_low_prior_loses_nothing_where_more_decides(fields):
    assert why_it_only_loses(low(**fields)) == ""


@pytest.mark.parametrize(
    "fields",
    [{}, {"second_model": "c", "second_when": "off"}, {"mode": "certified"}],
)
def test_a_low_prior_that_alone_decides_only_loses(fields):
    assert "every draft is paid for" in why_it_only_loses(low(**fields))


def test_what_was_learned_speaks_for_drafts_too():
    RuleKnowledge.objects.create(
        rule="first",
        version=1,
        draft_model="b",
        labels=10,
        lessons=10,
        taught_until=timezone.now(),
    )
    assert why_it_only_loses(low()) == ""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mode": "certified"}, "nor be earned"),
        ({"mode": "certified", "on_lapse": "observe"}, "cannot be seen to lapse. Set"),
    ],
)
def test_a_certificate_needs_labels_of_accepted_drafts(fields, words):
    assert words in why_unproven(low(**fields))


@pytest.mark.parametrize(
    "fields", [{}, {"mode": "certified", "shadow_percent": 2.0}, {"enabled": False}]
)
def test_others_need_none(fields):
    assert why_unproven(low(**fields)) == ""
