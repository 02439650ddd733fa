"""Which rule a request comes to, in a sentence."""

from __future__ import annotations

import pytest

from routing import snapshot
from routing.models import CascadeRule, ClientKey
from routing.pages import applying
from tests.builders import DRAFT, VERIFIER, make_request

pytestmark = pytest.mark.django_db

PASSES = "would pass through without a rule, because "


@pytest.fixture(autouse=True)
def no_other_rules(db):
    CascadeRule.objects.all().delete()


def add(name="tried", request_model=VERIFIER, **fields):
    return CascadeRule.objects.create(
        name=name, request_model=request_model, draft_model=DRAFT, **fields
    )


def said_of(row, model=VERIFIER, **fields):
    request = make_request(model=model, **fields)
    destination = applying.destination(row, request, snapshot.load())
    assert destination.here is ("comes to this rule" in destination.words)
    return destination.words


def test_a_request_comes_to_the_rule():
    assert said_of(add()) == "A client's request like this comes to this rule."


def test_the_client_is_one_the_rule_is_for():
    key, _ = ClientKey.issue("acme", tag="web")
    for fields in ({"tag": "research"}, {"client_key": key, "tag": "web"}):
        assert "comes to this rule" in said_of(add(f"r-{len(fields)}", **fields))


@pytest.mark.parametrize(
    ("fields", "model", "why"),
    [
        ({"enabled": False}, VERIFIER, "this one is switched off"),
        ({}, "other", f"this one is for {VERIFIER}"),
        ({"request_model": "*"}, DRAFT, "it asks for the draft itself"),
        ({"tools": "with"}, VERIFIER, "this one asks for tools"),
        ({"streaming": "streamed"}, VERIFIER, "this one asks for a stream"),
        ({"subagents": "only"}, VERIFIER, "this one asks for subagents"),
        ({"headers": "x-app: cli*"}, VERIFIER, "asks for the headers x-app: cli*"),
        ({"max_prompt_tokens": 1}, VERIFIER, "asks for prompts up to 1 tokens"),
        ({"rollout_percent": 0}, VERIFIER, "asks for 0 % of conversations"),
    ],
)
def test_says_why_not_and_what_is_shown_instead(fields, model, why):
    sentence = said_of(add(**fields), model)
    assert f"{PASSES}{'' if why.startswith('it') else 'this one'}" in sentence
    assert f"{why}. Shown here is what this rule would have done." in sentence


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("tools", CascadeRule.Tools),
        ("streaming", CascadeRule.Streaming),
        ("subagents", CascadeRule.Subagents),
    ],
)
def test_has_words_for_every_choice(field, kind):
    choices = {(field, value) for value in kind.values if value != "any"}
    assert choices <= applying.OBJECTS.keys()


def test_names_the_rule_that_goes_before():
    add("urgent", priority=1)
    first = "would go to the rule urgent, because that one is looked at first."
    assert first in said_of(add())
    with_tools = said_of(add("with-tools", priority=0, tools="with"))
    assert "go to the rule urgent, because this one asks for tools." in with_tools


def test_says_when_an_edit_is_not_in_force_yet():
    before = snapshot.load()
    words = applying.destination(add(), make_request(), before).words
    assert "the last edit of this one is not in force yet" in words
