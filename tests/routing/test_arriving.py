"""A streamed draft is left as soon as nothing it may still say can save it."""

from __future__ import annotations

import msgspec
import pytest

from routing import cascade, drafting
from routing.streams import MessageFolder
from tests.builders import (
    DRAFT,
    VERIFIER,
    make_delta,
    make_event,
    make_events,
    make_plan,
    make_request,
    make_terms,
)
from tests.fakes import EVENTS, FakeReply, ScriptedUpstream, streamed, whole

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
TOOLS = [{"name": "weather", "input_schema": SCHEMA}]
GOOD, BAD = {"city": "Oslo"}, {"city": 7}
READ_ON = AssertionError("read on after it was decided")


def call_events(name, given, index=0):
    """The events of one tool call, its input in two pieces."""
    text = given if isinstance(given, str) else msgspec.json.encode(given).decode()
    block = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
    half = len(text) // 2
    return [
        make_event("content_block_start", index=index, content_block=block),
        make_delta(index, type="input_json_delta", partial_json=text[:half]),
        make_delta(index, type="input_json_delta", partial_json=text[half:]),
        make_event("content_block_stop", index=index),
    ]


def answer(*calls, ending=(READ_ON,)):
    blocks = [e for n, call in enumerate(calls) for e in call_events(*call, index=n)]
    return FakeReply(make_events()[0], *blocks, *ending, headers=EVENTS)


def ended(stop_reason="tool_use"):
    return make_events(stop_reason=stop_reason)[-2:]


def play(draft, **fields):
    upstream = ScriptedUpstream((DRAFT, draft), (VERIFIER, streamed(model=VERIFIER)))
    return cascade.run(
        make_request(**{"stream": True, "tools": TOOLS} | fields),
        make_plan(terms=make_terms(threshold=0.7, prior=0.9)),
        upstream=upstream,
    )


@pytest.mark.parametrize(
    ("call", "veto"),
    [
        (("weather", BAD), "invalid_tool_input"),
        (("weather", {}), "invalid_tool_input"),
        (("sunshine", GOOD), "unknown_tool"),
    ],
)
def test_a_call_that_cannot_be_accepted_ends_the_draft(call, veto):
    draft = answer(("weather", GOOD), call)
    outcome = play(draft)
    assert draft.closed
    assert outcome.kind == "escalated"
    assert outcome.reason == f"veto:{veto}"
    assert [(s.name, s.veto) for s in outcome.verdict.signals] == [(veto, True)]
    assert outcome.verdict.confidence == 0.0
    assert outcome.verdict.threshold == 0.7
    assert outcome.verifier.target.model == VERIFIER


def test_what_was_heard_of_it_is_paid():
    (call,) = play(answer(("sunshine", GOOD))).calls
    assert (call.role, call.status, call.cut_off) == ("draft", 200, True)
    assert call.usage.input_tokens == 20
    assert 1 < call.usage.output_tokens < 20


def test_the_first_call_may_stay_good_to_the_end():
    outcome = play(answer(("weather", GOOD), ("weather", GOOD), ending=ended()))
    assert outcome.kind == "accepted"


def test_the_decision_is_that_of_a_draft_that_is_not_streamed():
    content = [{"type": "tool_use", "id": "toolu_0", "name": "weather", "input": BAD}]
    message = whole(model=DRAFT, content=content, stop_reason="tool_use")
    outcome = play(message, stream=False)
    assert outcome.reason == play(answer(("weather", BAD))).reason


def test_a_call_that_is_cut_off_is_called_so():
    cut = answer(("weather", '{"city": "Os'), ending=ended("max_tokens"))
    assert play(cut).reason == "veto:cut_off"


def test_calls_beyond_the_first_twenty_are_judged_at_the_end(monkeypatch):
    monkeypatch.setattr(drafting, "MAX_CALLS_LOOKED_AT", 2)
    calls = [("weather", GOOD)] * 2 + [("weather", BAD)]
    outcome = play(answer(*calls, ending=ended()))
    assert outcome.reason == "veto:invalid_tool_input"
    assert not outcome.calls[0].cut_off


def test_only_the_draft_is_left_early():
    draft = drafting.take(
        make_request(stream=True, tools=TOOLS),
        make_plan().verifier,
        upstream=ScriptedUpstream(
            (VERIFIER, answer(("sunshine", GOOD), ending=ended()))
        ),
        timeout_s=3.0,
        role="second_opinion",
    )
    assert draft.completion is not None


def test_a_call_that_ends_again_and_again_is_looked_at_once():
    folder = MessageFolder()
    again = make_event("content_block_stop", index=0)
    for event in (make_events()[0], *call_events("weather", GOOD), *[again] * 50):
        folder.add(event)
    assert [call["input"] for call in folder.ended_calls(20)] == [GOOD]
    assert folder.ended_calls(20) == []


def test_calls_are_handed_out_as_many_as_are_asked_for():
    folder = MessageFolder()
    folder.add(make_events()[0])
    for number in range(5):
        for event in call_events("weather", GOOD, index=number):
            folder.add(event)
    assert [len(folder.ended_calls(at_most)) for at_most in (2, 0, 9)] == [2, 0, 3]
