"""Values refuse what cannot be, and never show a secret."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from routing.rule_terms import RuleTerms
from routing.types import CascadePlan, ChatRequest, ProviderConfig
from routing.verdicts import Verdict
from tests.builders import (
    DRAFT,
    VERIFIER,
    make_completion,
    make_plan,
    make_request,
    make_target,
    make_terms,
    make_tool_use,
)


def test_splices_another_model_and_keeps_every_other_byte():
    body = b'{ "model" :\t"verifier-large", "messages":[], "a":1.0, "a ":2 }\n'
    request = ChatRequest(
        body=body,
        fields={},
        model=VERIFIER,
        model_span=(body.index(b'"v'), body.index(b'e",') + 2),
        stream=False,
        max_tokens=None,
    )
    spliced = request.body_for('a"b')
    assert spliced == body.replace(b'"verifier-large"', b'"a\\"b"')


def test_leaves_the_body_alone_when_the_model_stays():
    request = make_request()
    assert request.body_for(VERIFIER) is request.body


def test_parses_a_field_when_asked_for_it():
    request = make_request(metadata={"user_id": "u"})
    assert request.get("metadata") == {"user_id": "u"}
    assert request.get("unheard-of") is None


def test_never_shows_a_secret_in_its_repr():
    provider = ProviderConfig(
        name="main", kind="anthropic", base_url="http://x", api_key="sk-secret"
    )
    request = ChatRequest(
        body=b"",
        fields={},
        model="m",
        model_span=(0, 0),
        stream=False,
        max_tokens=None,
        credential=("x-api-key", "sk-secret"),
    )
    assert "sk-secret" not in repr(provider) + repr(request)


@pytest.mark.parametrize("kind", ["anthropic", "simulator"])
def test_says_whether_a_provider_is_a_simulator(kind):
    provider = ProviderConfig(name="main", kind=kind, base_url="http://x")
    assert provider.simulated is (kind == "simulator")


@pytest.mark.parametrize(
    "terms",
    [
        {"threshold": -0.1},
        {"threshold": 1.1},
        {"prior": -0.1},
        {"prior": 1.1},
        {"draft_timeout_s": 0.0},
    ],
)
def test_refuses_terms_that_cannot_be(terms):
    with pytest.raises(ValueError, match=r"between 0 and 1|positive"):
        make_terms(**terms)


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_takes_the_ends_of_the_range(edge):
    terms = make_terms(threshold=edge, prior=edge)
    assert isinstance(terms, RuleTerms)


@pytest.mark.parametrize("leg", ["draft", "fallback"])
def test_refuses_a_draft_and_a_fallback_without_a_rule(leg):
    with pytest.raises(ValueError, match="with a rule"):
        CascadePlan(verifier=make_target(), **{leg: make_target()})


def test_refuses_a_draft_beside_a_reason_against_it():
    with pytest.raises(ValueError, match="reason"):
        dataclasses.replace(make_plan(), reason="switched_off")


def test_names_the_mode_of_a_plan():
    assert make_plan().mode == "cascade"
    assert CascadePlan(verifier=make_target()).mode == "pass_through"


def test_reads_the_parts_of_a_completion():
    tool = make_tool_use()
    completion = make_completion(
        content=[
            {"type": "text", "text": "a"},
            {"type": "thinking", "thinking": "hidden"},
            "no block",
            {"type": "text", "text": "b"},
            {"type": "text", "text": 7},
            tool,
        ]
    )
    assert completion.text == "ab"
    assert completion.tool_uses == [tool]
    assert completion.stop_reason == "end_turn"


def test_has_no_blocks_when_the_content_is_no_list():
    assert make_completion(content="words").blocks == []


def test_a_verdict_without_a_reason_accepts():
    accepted = Verdict(confidence=0.9, threshold=0.7, signals=())
    assert accepted.accepted
    rejected = Verdict(confidence=0.1, threshold=0.7, signals=(), reason="veto:empty")
    assert not rejected.accepted


def test_messages_stay_raw():
    assert isinstance(make_request().fields["messages"], msgspec.Raw)
    assert make_plan().draft.model == DRAFT
