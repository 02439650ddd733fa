"""Pass-through and cascade through the real wire to real inference."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.builders import make_body
from tests.programs import python_with
from tests.stack import Stack, new_model, wait_for
from tests.wire import Answer, call

pytestmark = pytest.mark.live

QUESTION = "Name the capital city of France."
# The greedy answer is the same each time: "The capital city of France is Paris."
GREEDY = {"temperature": 0, "max_tokens": 120}
VERSIONS = ("anthropic==2.12.0", "anthropic==0.125.0")
STREAM_WITH_SDK = f"""
import sys, anthropic
client = anthropic.Anthropic(base_url=sys.argv[1], api_key=sys.argv[2])
with client.messages.stream(
    model="real-sdk",
    max_tokens=500,
    messages=[{{"role": "user", "content": {QUESTION!r}}}],
    extra_body={{"temperature": 0}},
) as events:
    print("".join(events.text_stream))
"""


@pytest.fixture(autouse=True)
def configured(stack: Stack) -> None:
    """Wait until the workers know the local provider."""
    body = make_body("Hi", model="smollm2-135m", max_tokens=1)
    wait_for(
        "the local provider",
        lambda: stack.ask(body).json.get("id", "").startswith("chatcmpl"),
    )


def text_of(answer: Answer, *, stream: bool) -> str:
    if not stream:
        return "".join(block["text"] for block in answer.json["content"])
    deltas = [e["delta"] for e in answer.events if e["type"] == "content_block_delta"]
    return "".join(delta["text"] for delta in deltas)


def ask(stack: Stack, model: str, *, stream: bool, **fields: Any) -> Answer:
    return stack.ask(make_body(QUESTION, model=model, stream=stream, **GREEDY | fields))


@pytest.mark.parametrize("stream", [False, True])
def test_passes_through_what_the_model_says(
    stack: Stack, model_url: str, stream: bool
) -> None:
    model = new_model("smollm2")
    through = ask(stack, model, stream=stream)
    body = make_body(QUESTION, model=model, stream=stream, **GREEDY)
    headers = {"content-type": "application/json"}
    direct = call(model_url, "POST", "/v1/messages", body=body, headers=headers)
    assert through.status == direct.status == 200
    assert text_of(through, stream=stream) == text_of(direct, stream=stream) != ""
    row = stack.decision(model)
    (only,) = row["calls"]
    assert (row["outcome"], row["simulated"]) == ("pass_through", 0)
    assert only.usage.prompt_tokens > 10
    assert only.usage.output_tokens > 1


@pytest.mark.parametrize("stream", [False, True])
def test_accepts_a_finished_draft(stack: Stack, stream: bool) -> None:
    model = new_model("real")
    answer = ask(stack, model, stream=stream)
    assert answer.headers["x-cascade-outcome"] == "accepted"
    assert answer.headers["x-cascade-model"] == "smollm2-135m"
    assert "Paris" in text_of(answer, stream=stream)
    message = answer.events[0]["message"] if stream else answer.json
    assert message["model"] == model
    assert [c.role for c in stack.decision(model)["calls"]] == ["draft"]


@pytest.mark.parametrize("stream", [False, True])
def test_escalates_a_draft_that_was_cut_off(stack: Stack, stream: bool) -> None:
    model = new_model("real")
    answer = ask(stack, model, stream=stream, max_tokens=3)
    assert answer.headers["x-cascade-reason"] == "veto:cut_off"
    assert answer.headers["x-cascade-model"] == "smollm2-135m-verifier"
    calls = stack.decision(model)["calls"]
    assert [c.role for c in calls] == ["draft", "verifier"]
    assert all(c.usage.output_tokens == 3 for c in calls)


@pytest.mark.parametrize("stream", [False, True])
def test_escalates_below_the_threshold(stack: Stack, stream: bool) -> None:
    answer = ask(stack, new_model("real-doubt"), stream=stream)
    assert answer.headers["x-cascade-reason"] == "low_confidence"
    assert "Paris" in text_of(answer, stream=stream)


def test_counts_tokens_with_the_models_own_tokenizer(stack: Stack) -> None:
    body = make_body(QUESTION, model="smollm2-135m")
    answer = stack.ask(body, path="/v1/messages/count_tokens")
    assert answer.json["input_tokens"] > 10


@pytest.mark.parametrize("version", VERSIONS)
def test_streams_to_the_official_sdk(stack: Stack, version: str) -> None:
    done = subprocess.run(  # noqa: S603  fixed here
        [python_with(version), "-c", STREAM_WITH_SDK, stack.base_url, stack.key],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
