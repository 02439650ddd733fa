"""A client that hangs up costs nothing more, and is recorded as aborted."""

from __future__ import annotations

import socket
import struct
from typing import Any

import pytest

from routing.simulator import Simulator
from routing.simulator.values import Request
from tests.builders import make_body
from tests.stack import Stack, new_model, wait_for
from tests.wire import asking, send

SLOW = "slow_first_byte=30"
CLOSED_WITHIN_S = 0.5
LINGER_NOT = struct.pack("ii", 1, 0)


def request_of(requests: list[Request], mark: str) -> list[Request]:
    return [r for r in requests if mark.encode() in r.body]


def wait_until_asked(simulator: Simulator, mark: str, *, times: int = 1) -> None:
    wait_for(
        "the upstream to be asked",
        lambda: len(request_of(simulator.requests, mark)) >= times,
    )


def assert_upstream_closed(simulator: Simulator, mark: str) -> None:
    wait_for(
        "the upstream to be closed",
        lambda: request_of(simulator.abandoned, mark),
        timeout_s=CLOSED_WITHIN_S,
    )


def body_for(model: str, text: str = "What is 2+2?", **fields: Any) -> bytes:
    return make_body(text, model=model, metadata={"mark": model}, **fields)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("rule", "fault", "asked"),
    [
        ("plain", SLOW, 1),
        ("cascade", f"draft:{SLOW}", 1),
        ("doubt", f"verifier:{SLOW}", 2),
    ],
)
def test_closes_upstream_when_the_client_leaves_before_the_answer(
    stack: Stack,
    simulator: Simulator,
    rule: str,
    fault: str,
    asked: int,
    stream: bool,
    reset: bool,
) -> None:
    model = new_model(rule)
    headers = stack.headers(x_simulate=fault)
    with send(stack.base_url, body_for(model, stream=stream), headers) as sock:
        wait_until_asked(simulator, model, times=asked)
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    assert_upstream_closed(simulator, model)
    row = stack.decision(model)
    assert (row["aborted"], row["status"], row["served_model"]) == (1, 499, "")
    assert len(row["calls"]) == asked
    assert len(request_of(simulator.requests, model)) == asked


@pytest.mark.parametrize("rule", ["plain", "doubt"])
def test_closes_upstream_when_the_client_leaves_a_stream(
    stack: Stack, simulator: Simulator, rule: str
) -> None:
    model = new_model(rule)
    body = body_for(model, "[[chunks:40]]", stream=True)
    headers = stack.headers(x_simulate="verifier:stall")
    with asking(
        stack.base_url, "POST", "/v1/messages", body=body, headers=headers
    ) as response:
        assert response.readline() == b"event: message_start\n"
    assert_upstream_closed(simulator, model)
    row = stack.decision(model)
    assert (row["aborted"], row["status"]) == (1, 200)
    assert row["calls"][-1].usage.input_tokens > 0


def test_asks_no_verifier_for_a_client_that_left_during_the_draft(
    stack: Stack, simulator: Simulator
) -> None:
    model = new_model("doubt")
    headers = stack.headers(x_simulate=f"draft:{SLOW}")
    with send(stack.base_url, body_for(model), headers):
        wait_until_asked(simulator, model)
    stack.decision(model)
    assert len(request_of(simulator.requests, model)) == 1
