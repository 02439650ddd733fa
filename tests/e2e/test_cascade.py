"""A draft is served when it is good enough; else the verifier answers, untouched."""

from __future__ import annotations

from typing import Any

import pytest

from routing.simulator import Simulator
from routing.simulator.faults import NAMES as FAULTS
from tests.builders import make_body, make_events, make_tool
from tests.stack import Stack, new_model
from tests.wire import Answer

EASY = "What is 2+2?"
HARD = "Prove that there are infinitely many primes."
# The draft's answer survives these, late or in another framing.
HARMLESS = frozenset({"slow_first_byte", "split_utf8", "huge_event", "gzip"})
STREAMS_ONLY = frozenset({"error_event", "no_message_stop"})
# A fault only where something else was asked for; see the test of what was asked.
ON_DEMAND = frozenset({"invalid_json", "tool_not_called"})
HARMFUL = sorted(FAULTS - HARMLESS - ON_DEMAND)
EVENTS = {"content-type": "text/event-stream"}
DRAFT_EVENTS = make_events("I am ", "the draft.", model="draft-small")
VERIFIER_EVENTS = make_events("I am ", "the verifier.", model="verifier-large")


def models_asked(simulator: Simulator, marker: str) -> list[str]:
    """The models of the requests whose body holds `marker`, in order."""
    bodies = [r.body for r in simulator.requests if marker.encode() in r.body]
    return [body.split(b'"model":"')[1].split(b'"')[0].decode() for body in bodies]


def ask(stack: Stack, model: str, text: str = EASY, **fields: Any) -> Answer:
    return stack.ask(make_body(f"{text}", model=model, metadata={"m": model}, **fields))


def test_serves_an_accepted_draft(stack: Stack, simulator: Simulator) -> None:
    model = new_model("cascade")
    answer = ask(stack, model)
    assert answer.json["content"][0]["text"] == "2 + 2 = 4."
    assert answer.json["model"] == model
    assert answer.headers["x-cascade-outcome"] == "accepted"
    assert answer.headers["x-cascade-model"] == "draft-small"
    assert answer.headers["x-cascade-confidence"] == "0.85"
    assert "x-cascade-reason" not in answer.headers
    assert models_asked(simulator, f'"m":"{model}"') == ["draft-small"]


def test_serves_an_accepted_stream(stack: Stack, simulator: Simulator) -> None:
    model = new_model("cascade")
    simulator.script(
        [{"model": "draft-small", "headers": EVENTS, "chunks": DRAFT_EVENTS}]
    )
    answer = ask(stack, model, stream=True)
    draft = b"".join(DRAFT_EVENTS)
    assert answer.body == draft.replace(b'"draft-small"', b'"%s"' % model.encode())
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["x-cascade-outcome"] == "accepted"


@pytest.mark.parametrize("stream", [False, True])
def test_escalates_a_draft_that_was_cut_off(
    stack: Stack, simulator: Simulator, stream: bool
) -> None:
    model = new_model("cascade")
    answer = ask(stack, model, HARD, stream=stream)
    assert answer.headers["x-cascade-outcome"] == "escalated"
    assert answer.headers["x-cascade-reason"] == "veto:cut_off"
    assert answer.headers["x-cascade-model"] == model
    assert models_asked(simulator, f'"m":"{model}"') == ["draft-small", model]
    row = stack.decision(model)
    assert (row["outcome"], row["reason"]) == ("escalated", "veto:cut_off")
    assert row["signals"] == {"cut_off": 1.0}
    assert [(call.role, call.model) for call in row["calls"]] == [
        ("draft", "draft-small"),
        ("verifier", model),
    ]
    assert all(call.usage.output_tokens for call in row["calls"])


def test_escalates_below_the_threshold(stack: Stack) -> None:
    model = new_model("doubt")
    answer = ask(stack, model)
    assert answer.headers["x-cascade-reason"] == "low_confidence"
    assert answer.headers["x-cascade-confidence"] == "0.45"
    row = stack.decision(model)
    assert (row["confidence"], row["threshold"]) == (0.45, 0.7)


def test_streams_an_escalation_as_the_verifier_sent_it(
    stack: Stack, simulator: Simulator
) -> None:
    model = new_model("doubt")
    simulator.script(
        [
            {"model": "draft-small", "headers": EVENTS, "chunks": DRAFT_EVENTS},
            {"model": model, "headers": EVENTS, "chunks": VERIFIER_EVENTS},
        ]
    )
    answer = ask(stack, model, stream=True)
    assert answer.body == b"".join(VERIFIER_EVENTS)
    assert b"draft" not in answer.body


def test_replaces_nothing_but_the_model_on_the_way_up(
    stack: Stack, simulator: Simulator
) -> None:
    model = new_model("alias")
    body = (
        b'{"messages": [{"role":"user","content":"%s \\u00e9"}] ,\n "max_tokens":16,'
        b' "model" :"%s", "extra": 1.50}'
    )
    stack.ask(body % (b"Hi,", model.encode()))
    bodies = [r.body for r in simulator.requests][-2:]
    assert bodies == [
        body % (b"Hi,", b"draft-small"),
        body % (b"Hi,", b"verifier-large"),
    ]


def test_names_the_requested_model_in_an_answer_of_another(stack: Stack) -> None:
    model = new_model("alias")
    assert ask(stack, model).json["model"] == model
    streamed = ask(stack, model, stream=True)
    assert streamed.events[0]["message"]["model"] == model


@pytest.mark.parametrize("stream", [False, True])
def test_names_the_model_that_answered_when_the_rule_says_so(
    stack: Stack, stream: bool
) -> None:
    answer = ask(stack, new_model("served"), stream=stream)
    message = answer.events[0]["message"] if stream else answer.json
    assert message["model"] == answer.headers["x-cascade-model"] == "draft-small"


@pytest.mark.parametrize(
    ("fault", "stream"),
    [
        (fault, stream)
        for fault in HARMFUL
        for stream in (False, True)
        if stream or fault not in STREAMS_ONLY
    ],
)
def test_escalates_whatever_is_wrong_with_the_draft(
    stack: Stack, fault: str, stream: bool
) -> None:
    model = new_model("hasty")
    body = make_body(EASY, model=model, stream=stream, tools=[make_tool()])
    answer = stack.ask(body, x_simulate=f"draft:{fault}")
    assert answer.status == 200
    assert answer.headers["x-cascade-outcome"] == "escalated"
    assert answer.headers["x-cascade-model"] == model
    assert answer.whole
    text = _text_of(answer, stream=stream)
    assert text == "2 + 2 = 4."


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "asked", "veto"),
    [
        (
            "invalid_json",
            {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
            "invalid_structured_output",
        ),
        (
            "tool_not_called",
            {"tools": [make_tool()], "tool_choice": {"type": "any"}},
            "forced_tool_not_called",
        ),
    ],
)
def test_escalates_a_draft_that_does_not_do_what_was_asked(
    stack: Stack, fault: str, asked: dict[str, Any], veto: str, stream: bool
) -> None:
    body = make_body(EASY, model=new_model("cascade"), stream=stream, **asked)
    answer = stack.ask(body, x_simulate=f"draft:{fault}")
    assert answer.headers["x-cascade-reason"] == f"veto:{veto}"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", sorted(HARMLESS - {"slow_first_byte"}))
def test_accepts_a_good_draft_however_it_comes(
    stack: Stack, fault: str, stream: bool
) -> None:
    model = new_model("cascade")
    body = make_body(EASY, model=model, stream=stream)
    answer = stack.ask(body, x_simulate=f"draft:{fault}")
    assert answer.headers["x-cascade-outcome"] == "accepted"
    assert _text_of(answer, stream=stream).endswith("2 + 2 = 4.")


def test_escalates_a_draft_that_takes_too_long(stack: Stack) -> None:
    model = new_model("hasty")
    answer = stack.ask(
        make_body(EASY, model=model), x_simulate="draft:slow_first_byte=30"
    )
    assert answer.headers["x-cascade-reason"] == "draft_timeout"
    assert stack.decision(model)["reason"] == "draft_timeout"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("rule", ["plain", "cascade", "doubt"])
def test_relays_the_verifiers_error_unchanged(
    stack: Stack, simulator: Simulator, rule: str, stream: bool
) -> None:
    model = new_model(rule)
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}'
    headers = {
        "content-type": "application/json",
        "request-id": "req_verifier",
        "retry-after": "3",
        "x-should-retry": "true",
        "anthropic-ratelimit-requests-remaining": "0",
    }
    simulator.script(
        [{"model": model, "status": 529, "headers": headers, "body": body}]
    )
    answer = ask(stack, model, HARD, stream=stream)
    assert (answer.status, answer.body) == (529, body)
    assert headers.items() <= answer.headers.items()
    row = stack.decision(model)
    assert row["status"] == 529
    assert row["calls"][-1].status == 529


@pytest.mark.parametrize("stream", [False, True])
def test_returns_the_draft_for_a_failed_verifier_when_the_rule_says_so(
    stack: Stack, stream: bool
) -> None:
    model = new_model("standin")
    body = make_body(EASY, model=model, stream=stream)
    answer = stack.ask(body, x_simulate="verifier:overloaded")
    assert answer.status == 200
    assert answer.headers["x-cascade-outcome"] == "escalated"
    assert answer.headers["x-cascade-model"] == "draft-small"
    assert _text_of(answer, stream=stream) == "2 + 2 = 4."


def test_never_returns_a_draft_with_a_veto_for_a_failed_verifier(stack: Stack) -> None:
    body = make_body(HARD, model=new_model("standin"))
    assert stack.ask(body, x_simulate="verifier:overloaded").status == 529


@pytest.mark.parametrize("rule", ["plain", "doubt"])
@pytest.mark.parametrize("fault", ["truncated", "no_message_stop", "reset"])
def test_never_ends_a_broken_stream_cleanly(
    stack: Stack, rule: str, fault: str
) -> None:
    model = new_model(rule)
    body = make_body("[[chunks:40]]", model=model, stream=True)
    answer = stack.ask(body, x_simulate=f"verifier:{fault}")
    assert answer.status == 200
    assert not answer.whole or answer.events[-1]["type"] == "error"
    assert stack.decision(model)["outcome"] == (
        "pass_through" if rule == "plain" else "escalated"
    )


def test_cuts_the_connection_when_a_stream_breaks_inside_an_event(
    stack: Stack, simulator: Simulator
) -> None:
    model = new_model()
    chunks = [VERIFIER_EVENTS[0], VERIFIER_EVENTS[1][:20]]
    simulator.script([{"model": model, "headers": EVENTS, "chunks": chunks}])
    answer = ask(stack, model, stream=True)
    assert not answer.whole


@pytest.mark.parametrize("fault", ["truncated", "reset"])
def test_answers_502_for_a_broken_whole_answer(stack: Stack, fault: str) -> None:
    answer = stack.ask(make_body(EASY, model=new_model()), x_simulate=fault)
    assert answer.status == 502
    assert answer.json["error"]["type"] == "api_error"
    assert answer.json["request_id"] == answer.headers["request-id"]


def test_passes_the_providers_error_event_on(stack: Stack) -> None:
    body = make_body("[[chunks:9]]", model=new_model(), stream=True)
    answer = stack.ask(body, x_simulate="error_event")
    assert answer.whole
    assert [e["type"] for e in answer.events].count("error") == 1
    assert answer.events[-1]["error"]["type"] == "overloaded_error"


def test_does_not_cascade_the_draft_model_itself(stack: Stack) -> None:
    answer = ask(stack, "draft-small")
    assert answer.headers["x-cascade-outcome"] == "pass_through"


def test_says_why_a_request_may_not_be_drafted(stack: Stack) -> None:
    model = new_model("cascade")
    answer = ask(stack, model, speed="fast")
    assert answer.headers["x-cascade-outcome"] == "pass_through"
    assert answer.headers["x-cascade-reason"] == "not_eligible:speed_fast"


def test_applies_a_rule_with_a_tag_to_keys_of_that_tag_only(stack: Stack) -> None:
    body = make_body(EASY, model=new_model("tagged"))
    other = {"x_api_key": stack.keys["globex"]}
    assert stack.ask(body).headers["x-cascade-outcome"] == "pass_through"
    assert stack.ask(body, **other).headers["x-cascade-outcome"] == "accepted"


@pytest.mark.parametrize("stream", [False, True])
def test_accepts_a_valid_tool_call(stack: Stack, stream: bool) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    }
    body = make_body(
        "Use get_weather.",
        model=new_model("cascade"),
        tools=[make_tool(schema=schema)],
        tool_choice={"type": "any"},
        stream=stream,
    )
    answer = stack.ask(body, x_simulate="verifier:error")
    if answer.headers["x-cascade-outcome"] == "accepted":
        assert answer.status == 200
        assert b'"tool_use"' in answer.body


@pytest.mark.parametrize(("text", "outcome"), [(EASY, "accepted"), (HARD, "escalated")])
def test_decides_the_same_for_streams_and_whole_answers(
    stack: Stack, text: str, outcome: str
) -> None:
    models = [new_model("cascade"), new_model("cascade")]
    for model, stream in zip(models, (False, True), strict=True):
        ask(stack, model, text, stream=stream)
    whole, streamed = (stack.decision(model) for model in models)
    assert whole["outcome"] == streamed["outcome"] == outcome
    same = ("reason", "confidence", "signals", "status")
    assert [whole[n] for n in same] == [streamed[n] for n in same]
    assert [c.role for c in whole["calls"]] == [c.role for c in streamed["calls"]]


def _text_of(answer: Answer, *, stream: bool) -> str:
    if not stream:
        return "".join(block["text"] for block in answer.json["content"])
    deltas = [e["delta"] for e in answer.events if e["type"] == "content_block_delta"]
    return "".join(delta["text"] for delta in deltas)
