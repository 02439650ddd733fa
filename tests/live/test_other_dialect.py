"""The same real model, spoken to in OpenAI's dialect, and cascades across both."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.builders import make_body
from tests.live.test_real_model import GREEDY, QUESTION, text_of
from tests.stack import Stack, new_model, wait_for
from tests.wire import Answer, call, parsed

pytestmark = pytest.mark.live

CHAT = "/v1/chat/completions"


@pytest.fixture(autouse=True)
def configured(stack: Stack) -> None:
    """Wait until the workers know the provider."""
    wait_for(
        "the provider of the other dialect",
        lambda: stack.ask(chat_body("chatlm2", max_tokens=1), path=CHAT).status == 200,
    )


def chat_body(model: str, **fields: Any) -> bytes:
    messages = [{"role": "user", "content": QUESTION}]
    asked = {"model": model, "messages": messages, **GREEDY, **fields}
    return msgspec.json.encode(asked)


def said(answer: Answer, *, stream: bool) -> str:
    if not stream:
        return answer.json["choices"][0]["message"]["content"]
    lines = answer.body.decode().splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    chunks = [parsed(text) for text in data[:-1]]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


@pytest.mark.parametrize("stream", [False, True])
def test_passes_through_what_the_model_says(
    stack: Stack, model_url: str, stream: bool
) -> None:
    model = new_model("chatlm2")
    body = chat_body(model, stream=stream)
    through = stack.ask(body, path=CHAT)
    headers = {"content-type": "application/json"}
    direct = call(model_url, "POST", CHAT, body=body, headers=headers)
    assert through.status == direct.status == 200
    assert said(through, stream=stream) == said(direct, stream=stream) != ""


@pytest.mark.parametrize("stream", [False, True])
def test_translates_the_answer_for_a_client_of_messages(
    stack: Stack, stream: bool
) -> None:
    model = new_model("chatlm2")
    answer = stack.ask(make_body(QUESTION, model=model, stream=stream, **GREEDY))
    assert "Paris" in text_of(answer, stream=stream)
    (only,) = stack.decision(model)["calls"]
    assert only.usage.prompt_tokens > 10
    assert only.usage.output_tokens > 1
    assert only.usage.unpriced == ""


@pytest.mark.parametrize("stream", [False, True])
def test_a_draft_of_another_dialect_is_accepted_with_its_logprobs(
    stack: Stack, stream: bool
) -> None:
    model = new_model("across")
    answer = stack.ask(make_body(QUESTION, model=model, stream=stream, **GREEDY))
    assert answer.headers["x-cascade-outcome"] == "accepted"
    assert "Paris" in text_of(answer, stream=stream)
    (row,) = stack.decisions(model)
    signals = row["signals"]
    told = parsed(signals) if isinstance(signals, str) else signals
    assert told["mean_logprob"] < 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_of_chat_is_answered_by_a_verifier_of_messages(
    stack: Stack, stream: bool
) -> None:
    model = new_model("across")
    body = chat_body(model, stream=stream, max_tokens=3)
    answer = stack.ask(body, path=CHAT)
    assert answer.headers["x-cascade-reason"] == "veto:cut_off"
    assert answer.headers["x-cascade-model"] == "smollm2-135m-verifier"
    assert said(answer, stream=stream)
