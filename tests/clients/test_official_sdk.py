"""The official Python SDK, newest and 0.x, with and without a rule."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from routing.simulator import Simulator
from tests.fixtures import SharedStack
from tests.programs import python_with
from tests.wire import parsed

pytestmark = pytest.mark.clients

SCRIPT = Path(__file__).with_name("sdk_session.py")
# The newest of each line when this was written; 2.x and 0.x differ in wire version.
VERSIONS = ("anthropic==2.12.0", "anthropic==0.125.0")
OUTCOMES = ("accepted", "escalated", "plain")


@pytest.fixture(scope="session", params=VERSIONS)
def session(request: pytest.FixtureRequest, shared_stack: SharedStack) -> Any:
    """What one run of the script with this SDK saw."""
    python = python_with(request.param)
    stack = shared_stack()
    done = subprocess.run(  # noqa: S603  fixed here
        [python, "-W", "error", SCRIPT, stack.base_url, stack.key],
        env={"PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return parsed(done.stdout)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("way", ["create", "stream"])
def test_reads_the_answer(session: Any, way: str, outcome: str) -> None:
    answer = session[f"{way} {outcome}"]
    assert answer["text"]
    assert answer["stop_reason"] == "end_turn"
    assert answer["output_tokens"] > 0
    assert answer["model"] == ("plain-sdk" if outcome == "plain" else "cascade-sdk")
    expected = "pass_through" if outcome == "plain" else outcome
    assert answer["outcome"] == expected


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_streams_the_text_it_ends_with(session: Any, outcome: str) -> None:
    streamed = session[f"stream {outcome}"]
    assert streamed["streamed_text"] == streamed["text"]
    assert streamed["text"] == session[f"create {outcome}"]["text"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_reads_every_event(session: Any, outcome: str) -> None:
    events = session[f"events {outcome}"]
    assert events[0] == "message_start"
    assert events[-2:] == ["message_delta", "message_stop"]


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("way", ["tools", "streamed tools"])
def test_goes_through_a_loop_of_tools(session: Any, way: str, outcome: str) -> None:
    call, answer = session[f"{way} {outcome}"]
    ((name, arguments),) = call["tools"]
    assert (name, call["stop_reason"]) == ("get_weather", "tool_use")
    assert isinstance(arguments["city"], str)
    assert "17 degrees" in answer["text"]
    assert answer["stop_reason"] == "end_turn"


def test_raises_its_own_errors(session: Any) -> None:
    wrong_key, overloaded = session["wrong key"], session["overloaded"]
    assert (wrong_key["class"], wrong_key["status"]) == ("AuthenticationError", 401)
    assert wrong_key["type"] == "authentication_error"
    assert wrong_key["request_id"].startswith("req_")
    assert (overloaded["status"], overloaded["type"]) == (529, "overloaded_error")
    assert overloaded["request_id"].startswith("req_")


def test_notices_a_stream_that_breaks_off(session: Any) -> None:
    assert session["broken stream"] is not None


def test_counts_tokens_and_lists_models(session: Any) -> None:
    assert session["count_tokens"] > 0
    assert session["models"][0] == "claude-opus-5-5"
    assert len(session["models"]) == 5
    assert session["model"] == "Claude Opus 5.5"


def test_old_and_new_versions_send_the_key_in_different_headers(
    session: Any, simulator: Simulator
) -> None:
    major = session["version"].split(".")[0]
    version = "2026-10-21" if major == "2" else "2023-06-01"
    sent = [
        r.header("anthropic-version")
        for r in simulator.requests
        if f"Python {session['version']}" in r.header("user-agent")
    ]
    assert set(sent) == {version}
