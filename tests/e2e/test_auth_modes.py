"""Who may call, and whose key goes up."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.simulator import Simulator
from tests.builders import make_body
from tests.fixtures import SharedStack
from tests.provision import UPSTREAM_KEY
from tests.stack import Stack, Template, new_model

OWN_KEY = "sk-ant-the-clients-own-key"


@pytest.fixture
def open_stack(shared_stack: SharedStack) -> Stack:
    return shared_stack(CASCADE_AUTH_MODE="none", CASCADE_LOG_FORMAT="json")


@pytest.fixture
def pass_through_stack(shared_stack: SharedStack) -> Stack:
    return shared_stack(CASCADE_AUTH_MODE="pass_through")


def test_needs_no_key_in_mode_none(open_stack: Stack, simulator: Simulator) -> None:
    model = new_model()
    answer = open_stack.ask(make_body(model=model), x_api_key="")
    assert answer.status == 200
    (request,) = (r for r in simulator.requests if model.encode() in r.body)
    assert request.header("x-api-key") == UPSTREAM_KEY
    assert open_stack.decision(model)["key_name"] == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("x-api-key", OWN_KEY), ("authorization", f"Bearer {OWN_KEY}")],
)
@pytest.mark.parametrize("rule", ["plain", "cascade"])
def test_forwards_the_clients_own_credential_in_mode_pass_through(
    pass_through_stack: Stack, simulator: Simulator, rule: str, name: str, value: str
) -> None:
    model = new_model(rule)
    headers = pass_through_stack.headers(x_api_key="") | {name: value}
    body = make_body(model=model, metadata={"mark": model})
    answer = pass_through_stack.call("POST", "/v1/messages", body=body, headers=headers)
    assert answer.status == 200
    (request,) = (r for r in simulator.requests if model.encode() in r.body)
    assert request.header(name) == value
    assert not any(UPSTREAM_KEY in sent for _, sent in request.headers)


def test_needs_a_credential_in_mode_pass_through(pass_through_stack: Stack) -> None:
    answer = pass_through_stack.ask(make_body(model=new_model()), x_api_key="")
    assert answer.status == 401


def test_does_not_serve_everybody_on_a_public_address(
    template: Template, tmp_path: Path
) -> None:
    settings = {"CASCADE_AUTH_MODE": "none", "CASCADE_HOST": "0.0.0.0"}  # noqa: S104
    stack = Stack(template, tmp_path / "stack", settings)
    with pytest.raises(AssertionError, match="spend your provider keys"), stack:
        pass


def test_writes_a_log_line_of_json(open_stack: Stack) -> None:
    model = new_model("cascade")
    answer = open_stack.ask(make_body("Prove it.", model=model))
    open_stack.decision(model)
    decision_id = answer.headers["x-cascade-decision"]
    (line,) = (line for line in open_stack.log.splitlines() if decision_id in line)
    assert '"outcome":"escalated"' in line
    assert '"reason":"veto:cut_off"' in line
    assert "Prove" not in line
