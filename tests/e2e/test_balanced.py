"""A balanced rule asks the verifier beside a draft that is slow or unlikely to do."""

from __future__ import annotations

import pytest

from routing.simulator import Simulator
from tests.e2e.test_cascade import HARD
from tests.e2e.test_leaving_clients import (
    SLOW,
    assert_upstream_closed,
    body_for,
    request_of,
    wait_until_asked,
)
from tests.stack import Stack, new_model, wait_for
from tests.wire import send

DECIDED_LATE = "draft:slow_first_byte=1"


@pytest.mark.parametrize("stream", [False, True])
def test_leaves_the_verifier_when_a_slow_draft_is_accepted(
    stack: Stack, simulator: Simulator, stream: bool
) -> None:
    model = new_model("balanced")
    answer = stack.ask(
        body_for(model, stream=stream), x_simulate=f"{DECIDED_LATE},verifier:{SLOW}"
    )
    assert answer.headers["x-cascade-outcome"] == "accepted"
    assert_upstream_closed(simulator, model)
    row = stack.decision(model)
    assert [(call.role, call.status) for call in row["calls"]] == [
        ("draft", 200),
        ("spare", None),
    ]
    assert len(request_of(simulator.requests, model)) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_the_verifier_answers_when_a_slow_draft_is_turned_down(
    stack: Stack, simulator: Simulator, stream: bool
) -> None:
    model = new_model("balanced")
    answer = stack.ask(body_for(model, HARD, stream=stream), x_simulate=DECIDED_LATE)
    assert answer.headers["x-cascade-reason"] == "veto:cut_off"
    assert answer.headers["x-cascade-model"] == model
    assert [call.role for call in stack.decision(model)["calls"]] == [
        "draft",
        "verifier",
    ]
    assert len(request_of(simulator.requests, model)) == 2


def test_a_client_that_leaves_both_closes_both(
    stack: Stack, simulator: Simulator
) -> None:
    model = new_model("unlikely")
    faults = f"draft:{SLOW},verifier:{SLOW}"
    with send(stack.base_url, body_for(model), stack.headers(x_simulate=faults)):
        wait_until_asked(simulator, model, times=2)
    wait_for(
        "both to be closed", lambda: len(request_of(simulator.abandoned, model)) == 2
    )
    row = stack.decision(model)
    assert (row["aborted"], row["status"]) == (1, 499)
    assert [call.role for call in row["calls"]] == ["draft", "spare"]
