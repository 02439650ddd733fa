"""A draft that takes long: the stream begins with pings, and the answer follows."""

from __future__ import annotations

import pytest

from routing.simulator import Simulator
from tests.builders import make_body, make_events
from tests.e2e.test_leaving_clients import assert_upstream_closed
from tests.stack import Stack, new_model
from tests.wire import asking

EVENTS = {"content-type": "text/event-stream"}
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
DRAFT = make_events("the draft", model="draft-small")
VERIFIER = make_events("the verifier", model="verifier-large")
LATE_S = 0.7


def after_pings(body: bytes) -> bytes:
    """What follows the pings that come first, of which there is at least one."""
    assert body.startswith(PING)
    while body.startswith(PING):
        body = body.removeprefix(PING)
    return body


def script_late_draft(simulator: Simulator) -> None:
    simulator.script(
        [
            {
                "model": "draft-small",
                "headers": EVENTS,
                "chunks": DRAFT,
                "delay_s": LATE_S,
            }
        ]
    )


def test_a_late_draft_follows_the_pings(
    holding_stack: Stack, simulator: Simulator
) -> None:
    script_late_draft(simulator)
    model = new_model("cascade")
    answer = holding_stack.ask(make_body(model=model, stream=True))
    draft = b"".join(DRAFT).replace(b'"draft-small"', b'"%s"' % model.encode())
    assert answer.whole
    assert after_pings(answer.body) == draft
    assert answer.headers["content-type"].startswith("text/event-stream")
    row = holding_stack.decision(model)
    assert row["decision_id"] == answer.headers["x-cascade-decision"]
    assert row["outcome"] == "accepted"


def test_the_verifier_follows_the_pings(
    holding_stack: Stack, simulator: Simulator
) -> None:
    script_late_draft(simulator)
    model = new_model("doubt")
    simulator.script([{"model": model, "headers": EVENTS, "chunks": VERIFIER}])
    answer = holding_stack.ask(make_body(model=model, stream=True))
    assert after_pings(answer.body) == b"".join(VERIFIER)
    assert holding_stack.decision(model)["outcome"] == "escalated"


def test_a_late_failure_follows_the_pings_as_an_error_event(
    holding_stack: Stack, simulator: Simulator
) -> None:
    script_late_draft(simulator)
    model = new_model("doubt")
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}'
    simulator.script([{"model": model, "status": 529, "body": body}])
    answer = holding_stack.ask(make_body(model=model, stream=True))
    assert answer.status == 200
    assert after_pings(answer.body) == b"event: error\ndata: " + body + b"\n\n"
    assert holding_stack.decision(model)["status"] == 529


def test_a_verifier_that_breaks_off_after_the_pings_does_not_end_cleanly(
    holding_stack: Stack, simulator: Simulator
) -> None:
    script_late_draft(simulator)
    model = new_model("doubt")
    simulator.script([{"model": model, "headers": EVENTS, "chunks": VERIFIER[:-2]}])
    answer = holding_stack.ask(make_body(model=model, stream=True))
    assert not answer.whole or answer.events[-1]["type"] == "error"


@pytest.mark.parametrize("stream", [False, True])
def test_a_decision_in_time_keeps_its_real_status(
    holding_stack: Stack, stream: bool
) -> None:
    body = make_body("Hi", model=new_model("doubt"), stream=stream)
    answer = holding_stack.ask(body, x_simulate="verifier:overloaded")
    assert answer.status == 529


def test_a_whole_answer_is_never_held(
    holding_stack: Stack, simulator: Simulator
) -> None:
    model = new_model("doubt")
    body = make_body("Hi", model=model)
    answer = holding_stack.ask(body, x_simulate=f"verifier:slow_first_byte={LATE_S}")
    assert answer.status == 200
    assert answer.headers["x-cascade-outcome"] == "escalated"


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("cascade", "draft:slow_first_byte=30"),
        ("doubt", "verifier:slow_first_byte=30"),
    ],
)
def test_closes_upstream_when_the_client_leaves_during_the_pings(
    holding_stack: Stack, simulator: Simulator, rule: str, fault: str
) -> None:
    model = new_model(rule)
    body = make_body("Hi", model=model, stream=True, metadata={"mark": model})
    headers = holding_stack.headers(x_simulate=fault)
    url = holding_stack.base_url
    with asking(url, "POST", "/v1/messages", body=body, headers=headers) as response:
        assert response.readline() == b"event: ping\n"
    assert_upstream_closed(simulator, model)
    assert holding_stack.decision(model)["aborted"] == 1
