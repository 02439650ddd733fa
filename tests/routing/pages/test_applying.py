"""Which rule a request comes to, in a sentence."""

from __future__ import annotations

import pytest

from routing import snapshot
from routing.models import CascadeRule, ClientKey
from routing.pages import applying
from tests.builders import DRAFT, VERIFIER, make_request

pytestmark = pytest.mark.django_db

PASSES = "comes to no rule and passes through: "


@pytest.fixture(autouse=True)
def no_other_rules(db):
    CascadeRule.objects.all().delete()


def add(name="tried", request_model=VERIFIER, **fields):
    return CascadeRule.objects.create(
        name=name, request_model=request_model, draft_model=DRAFT, **fields
    )


def said_of(row, model=VERIFIER):
    request = make_request(model=model)
    return applying.in_a_sentence(row, request, snapshot.load())


def test_a_request_comes_to_the_rule():
    assert said_of(add()) == "A client's request like this comes to this rule."


def test_the_client_is_one_the_rule_is_for():
    key, _ = ClientKey.issue("acme", tag="web")
    for fields in ({"tag": "research"}, {"client_key": key, "tag": "web"}):
        assert "comes to this rule" in said_of(add(f"r-{len(fields)}", **fields))


@pytest.mark.parametrize(
    ("fields", "model", "why"),
    [
        ({"enabled": False}, VERIFIER, "this rule is switched off"),
        ({}, "other", f"this rule is for {VERIFIER}"),
        ({"request_model": "*"}, DRAFT, "it asks for the draft itself"),
        ({"tools": "with"}, VERIFIER, "of this rule does not hold (with tools)"),
        ({"rollout_percent": 0}, VERIFIER, "rule does not hold (0 % of conversations)"),
    ],
)
def test_says_why_not(fields, model, why):
    sentence = said_of(add(**fields), model)
    assert PASSES in sentence
    assert why in sentence


def test_names_the_rule_that_goes_before():
    add("urgent", priority=1)
    assert "comes to the rule urgent: that one is looked at first" in said_of(add())
    streamed = add("streamed", priority=0, streaming="streamed")
    sentence = said_of(streamed)
    assert "comes to the rule urgent" in sentence
    assert "does not hold (streamed)" in sentence


def test_says_when_an_edit_is_not_in_force_yet():
    before = snapshot.load()
    sentence = applying.in_a_sentence(add(), make_request(), before)
    assert "the last edit of this one is not in force yet" in sentence
