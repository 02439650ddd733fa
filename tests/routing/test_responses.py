"""What becomes of headers on the way to the client."""

from __future__ import annotations

import pytest

from routing.decision_log import Decision
from routing.errors import RateLimited
from routing.outcome import Outcome
from routing.responses import (
    cascade_headers,
    empty_response,
    error_response,
    plain_response,
    relayable,
)
from routing.types import CascadePlan, Target
from routing.verdicts import Verdict
from tests.builders import DRAFT, VERIFIER, make_plan, make_target
from tests.routing.builders import ACME, make_provider, make_snapshot

DECISION = Decision(ACME, make_snapshot())


@pytest.mark.parametrize(
    "name",
    [
        "request-id",
        "retry-after",
        "x-should-retry",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-organization-id",
        "content-encoding",
        "cf-ray",
        "x-unheard-of",
    ],
)
def test_relays_what_a_provider_says(name):
    assert relayable(((name, "v"),))[name] == "v"


@pytest.mark.parametrize(
    "name",
    ["server", "date", "set-cookie", "alt-svc", "access-control-allow-origin"],
)
def test_withholds_what_a_provider_says_of_itself(name):
    assert name not in relayable(((name, "v"),))


def test_joins_a_header_that_came_several_times():
    headers = (("via", "a"), ("x", "1"), ("via", "b"))
    relayed = relayable(headers)
    assert (relayed["via"], relayed["x"]) == ("a, b", "1")


@pytest.mark.parametrize(
    "kind",
    [
        "text/html",
        "application/json, text/html",
        "application/json;a=b,text/html",
        "application/json;charset=utf-8, text/html",
        "application/jsonp",
        "text/event-stream, text/html",
        "text/event-streams",
    ],
)
def test_a_page_of_a_provider_is_shut_in_whatever_it_says_it_is(kind):
    relayed = relayable((("content-type", kind),))
    assert relayed["content-type"] == kind
    assert relayed["x-content-type-options"] == "nosniff"
    assert relayed["content-security-policy"] == "sandbox"


def test_a_type_said_twice_is_none():
    twice = (("content-type", "application/json"), ("content-type", "text/html"))
    assert relayable(twice)["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "text/event-stream;charset=utf-8",
    ],
)
def test_adds_nothing_to_what_no_browser_opens_as_a_page(kind):
    assert relayable((("content-type", kind),)) == {"content-type": kind}


def test_an_answer_without_a_body_has_no_type():
    assert "content-type" not in empty_response(499).headers


def test_lets_no_framework_invent_a_content_type():
    assert relayable(())["content-type"] == "application/octet-stream"
    response = plain_response(200, (), b"bytes")
    assert response.headers["content-type"] == "application/octet-stream"


def test_tells_the_length_of_what_it_sends():
    response = plain_response(404, (("content-type", "text/x"),), b"four")
    assert (response.status_code, response.content) == (404, b"four")
    assert response.headers["content-length"] == "4"


def test_answers_an_error_of_ours():
    response = error_response(RateLimited("later", retry_after_s=2), "req_1")
    assert response.status_code == 429
    assert response.headers["request-id"] == "req_1"
    assert response.headers["retry-after"] == "2"
    assert b"rate_limit_error" in response.content


def test_names_only_what_there_is_to_tell():
    plan = CascadePlan(verifier=make_target())
    assert cascade_headers(Outcome(kind="pass_through", plan=plan), DECISION) == {
        "x-cascade-decision": DECISION.id,
        "x-cascade-outcome": "pass_through",
        "x-cascade-model": VERIFIER,
    }


def test_names_all_there_is_to_tell():
    play = Target(provider=make_provider(kind="simulator"), model=DRAFT)
    plan = make_plan()
    outcome = Outcome(
        kind="escalated",
        plan=CascadePlan(verifier=plan.verifier, draft=play, rule=plan.rule),
        reason="low_confidence",
        verdict=Verdict(confidence=0.456, threshold=0.7, signals=()),
        answered_by_draft=True,
    )
    assert cascade_headers(outcome, DECISION) == {
        "x-cascade-decision": DECISION.id,
        "x-cascade-outcome": "escalated",
        "x-cascade-model": DRAFT,
        "x-cascade-reason": "low_confidence",
        "x-cascade-confidence": "0.46",
        "x-cascade-simulated": "true",
    }
