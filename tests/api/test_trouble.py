"""What is remembered from one request to the next, and what fails on the way."""

from __future__ import annotations

import msgspec
import pytest

from routing.models import ClientKey
from routing.snapshot import holder
from tests.builders import (
    DRAFT,
    VERIFIER,
    make_body,
    make_events,
    make_tool,
    make_tool_use,
)
from tests.fakes import EVENTS, HttpAnswer, message_bytes

OVERLOADED = b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'
FALLBACK = "fallback-other"


def answer(model, **fields):
    return HttpAnswer(chunks=[message_bytes(model=model, **fields)])


def down(status=529):
    return HttpAnswer(status=status, chunks=[OVERLOADED])


def test_drafts_are_skipped_once_their_provider_keeps_failing(proxy, upstream):
    proxy.add_rule()
    upstream.script(DRAFT, *(down(500) for _ in range(5)))
    upstream.script(VERIFIER, *(answer(VERIFIER) for _ in range(6)))
    reasons = [proxy.ask().headers["x-cascade-reason"] for _ in range(6)]
    assert reasons == ["draft_error"] * 5 + ["not_eligible:draft_down"]


def test_a_clients_mistakes_do_not_stop_drafts(proxy, upstream):
    proxy.add_rule()
    upstream.script(DRAFT, *(down(400) for _ in range(7)))
    upstream.script(VERIFIER, *(answer(VERIFIER) for _ in range(7)))
    reasons = {proxy.ask().headers["x-cascade-reason"] for _ in range(7)}
    assert reasons == {"draft_error"}


def test_a_verifier_that_keeps_failing_is_still_asked(proxy, upstream):
    upstream.script(VERIFIER, *(down() for _ in range(6)), answer(VERIFIER))
    assert [proxy.ask().status for _ in range(7)] == [529] * 6 + [200]


def test_the_fallback_answers_for_a_verifier_that_is_down(proxy, upstream):
    proxy.add_rule(prior=0.1, fallback_model=FALLBACK)
    upstream.script(DRAFT, answer(DRAFT))
    upstream.script(VERIFIER, down())
    upstream.script(FALLBACK, answer(FALLBACK))
    got = proxy.ask()
    assert (got.status, got.json["model"]) == (200, VERIFIER)
    assert got.headers["x-cascade-model"] == FALLBACK
    assert got.headers["x-cascade-outcome"] == "escalated"
    decision = proxy.decision
    roles = [(call.role, call.status) for call in decision.calls]
    assert roles == [("draft", 200), ("verifier", 529), ("fallback", 200)]
    assert decision.served_model == FALLBACK


def test_the_verifiers_error_is_relayed_when_the_fallback_fails_too(proxy, upstream):
    proxy.add_rule(prior=0.1, fallback_model=FALLBACK)
    upstream.script(DRAFT, answer(DRAFT))
    upstream.script(VERIFIER, down())
    upstream.script(FALLBACK, down(500))
    got = proxy.ask()
    assert (got.status, got.body) == (529, OVERLOADED)


@pytest.mark.parametrize("rule", [True, False])
def test_a_turn_that_is_tried_again_is_marked_once_it_failed(proxy, upstream, rule):
    if rule:
        proxy.add_rule(prior=0.1)
        upstream.script(DRAFT, *(answer(DRAFT) for _ in range(4)))
    upstream.script(VERIFIER, down(), *(answer(VERIFIER) for _ in range(3)))
    for fields in ({}, {"stream": False, "max_tokens": 64}, {}):
        proxy.ask(**fields)
    proxy.ask("something else")
    repeats = [decision.repeat for decision in proxy.decisions()]
    assert repeats == [False, True, False, False]


TOOLS = [make_tool()]


def results_for(tool_use_id):
    """The request that carries the result of a tool, in the same conversation."""
    called = make_tool_use(id=tool_use_id)
    result = {"type": "tool_result", "tool_use_id": tool_use_id, "content": "rain"}
    return [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": [called]},
        {"role": "user", "content": [result]},
    ]


def test_a_loop_that_the_draft_began_goes_on_with_the_draft(proxy, upstream):
    proxy.add_rule()
    calls_a_tool = {"content": [make_tool_use(id="toolu_7")], "stop_reason": "tool_use"}
    upstream.script(DRAFT, answer(DRAFT, **calls_a_tool), answer(DRAFT))
    proxy.ask("Weather?", tools=TOOLS)
    got = proxy.ask(messages=results_for("toolu_7"), tools=TOOLS)
    assert got.headers["x-cascade-outcome"] == "accepted"


def test_a_loop_that_the_draft_did_not_begin_stays_with_the_verifier(proxy, upstream):
    proxy.add_rule()
    upstream.script(VERIFIER, answer(VERIFIER))
    got = proxy.ask(messages=results_for("toolu_8"), tools=TOOLS)
    assert got.headers["x-cascade-reason"] == "not_eligible:tool_loop_of_verifier"


def test_a_loop_goes_to_the_verifier_once_it_has_answered(proxy, upstream):
    proxy.add_rule()
    calls_a_tool = {"content": [make_tool_use(id="toolu_7")], "stop_reason": "tool_use"}
    called_again = {"content": [make_tool_use(id="toolu_9")], "stop_reason": "tool_use"}
    upstream.script(DRAFT, answer(DRAFT, **calls_a_tool), answer(DRAFT, content=[]))
    upstream.script(VERIFIER, answer(VERIFIER, **called_again), answer(VERIFIER))
    proxy.ask("Weather?", tools=TOOLS)
    vetoed = proxy.ask(messages=results_for("toolu_7"), tools=TOOLS)
    assert vetoed.headers["x-cascade-reason"] == "veto:empty"
    later = results_for("toolu_7") + results_for("toolu_9")[1:]
    got = proxy.ask(messages=later, tools=TOOLS)
    assert got.headers["x-cascade-reason"] == "not_eligible:tool_loop_of_verifier"


def test_what_is_remembered_is_another_keys_neither_to_see_nor_to_use(proxy, upstream):
    proxy.add_rule()
    calls_a_tool = {"content": [make_tool_use(id="toolu_7")], "stop_reason": "tool_use"}
    upstream.script(DRAFT, answer(DRAFT, **calls_a_tool))
    upstream.script(VERIFIER, answer(VERIFIER))
    proxy.ask("Weather?", tools=TOOLS)
    _, other = ClientKey.issue("globex")
    holder.refresh()
    body = make_body(messages=results_for("toolu_7"), tools=TOOLS)
    got = proxy.post(body, headers={"x-api-key": other})
    assert got.headers["x-cascade-reason"] == "not_eligible:tool_loop_of_verifier"
    assert msgspec.json.decode(upstream.requests[-1].read())["model"] == VERIFIER


def test_a_turn_whose_client_left_is_marked_when_it_comes_again(proxy, upstream):
    events = HttpAnswer(headers=EVENTS, chunks=make_events("4", model=VERIFIER))
    upstream.script(VERIFIER, events, answer(VERIFIER))
    left = proxy.ask(stream=True)
    next(left.chunks)
    left.close()
    proxy.ask()
    assert [d.aborted for d in proxy.decisions()] == [True, False]
    assert [d.repeat for d in proxy.decisions()] == [False, True]
