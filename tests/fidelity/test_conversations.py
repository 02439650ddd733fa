"""Rows that take more than one request: L, loops of tools; and links, lists, crowds."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fidelity.case import DRAFT, filled
from tests.fidelity.client import Answered, Asked, ask
from tests.fidelity.messages import (
    Json,
    assistant,
    encoded,
    message,
    request,
    stream,
    user,
    whole,
)
from tests.fidelity.recording_upstream import (
    MARK,
    Pairs,
    RecordingUpstream,
    Script,
)
from tests.stack import Stack
from tests.wire import parsed

_TOOL: Json = {"name": "get_weather", "input_schema": {"type": "object"}}
_THINKING: Json = {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbg=="}
_CALL: Json = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
_RESULT: Json = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Sunny."}
_ASKED = user("Weather?")
_LOOPED = (_ASKED, assistant(_THINKING, _CALL), user(_RESULT))
# The results of tools while more tools are called.
_LOOPED_ON = (
    *_LOOPED,
    assistant(_CALL | {"id": "toolu_2"}),
    user(_RESULT | {"tool_use_id": "toolu_2"}),
)


class Conversation:
    """One session of a client; says whom each of its turns was asked of."""

    def __init__(self, stack: Stack, upstream: RecordingUpstream, model: str) -> None:
        self._stack = stack
        self._upstream = upstream
        self._model = model
        self._session = f"{model}-{stack.base_url}"

    def turn(
        self, *messages: Json, answer: Script, streamed: bool = False
    ) -> list[str]:
        scripts = {
            model: filled(answer, model=model, served=model, leg="draft")
            for model in (DRAFT, self._model)
        }
        exchange = self._upstream.expect(self._session, scripts)
        body = request(*messages, tools=[_TOOL], stream=streamed)
        answered = ask(
            self._stack.base_url,
            Asked(
                method="POST",
                target="/v1/messages",
                headers=_headers(self._stack, self._session),
                body=body.replace(b"@MODEL@", self._model.encode()),
            ),
        )
        assert answered.status == 200
        return [came.model for came in exchange.requests]


def _headers(stack: Stack, session: str, client: str = "acme") -> Pairs:
    return (
        ("x-api-key", stack.keys[client]),
        ("anthropic-version", "2023-06-01"),
        ("content-type", "application/json"),
        (MARK, session),
    )


@pytest.mark.parametrize("streamed", [False, True])
def test_a_loop_of_tools_stays_with_the_draft_that_began_it(
    stack: Stack, upstream: RecordingUpstream, streamed: bool
) -> None:
    conversation = Conversation(stack, upstream, f"accepting-l001-{streamed}".lower())
    calls = message(_THINKING, _CALL, stop_reason="tool_use")
    called = (
        _ungated(stream(_THINKING, _CALL, stop_reason="tool_use"))
        if streamed
        else calls
    )
    again = message(_CALL | {"id": "toolu_2"}, stop_reason="tool_use")
    assert conversation.turn(_ASKED, answer=called, streamed=streamed) == [DRAFT]
    assert conversation.turn(*_LOOPED, answer=again) == [DRAFT]
    assert conversation.turn(*_LOOPED_ON, answer=message()) == [DRAFT]


def test_a_loop_of_tools_stays_with_the_verifier_that_began_it(
    stack: Stack, upstream: RecordingUpstream
) -> None:
    model = "escalating-l002"
    conversation = Conversation(stack, upstream, model)
    called = message(_THINKING, _CALL, stop_reason="tool_use")
    assert conversation.turn(_ASKED, answer=called) == [DRAFT, model]
    assert conversation.turn(*_LOOPED, answer=message()) == [model]
    after = (*_LOOPED, assistant("Sunny."), user("Thanks."))
    assert conversation.turn(*after, answer=message()) == [DRAFT, model]


def test_a_veto_in_a_loop_that_the_draft_began_still_escalates(
    stack: Stack, upstream: RecordingUpstream
) -> None:
    model = "accepting-l003"
    conversation = Conversation(stack, upstream, model)
    called = message(_THINKING, _CALL, stop_reason="tool_use")
    assert conversation.turn(_ASKED, answer=called) == [DRAFT]
    cut_off = message(stop_reason="max_tokens")
    assert conversation.turn(*_LOOPED, answer=cut_off) == [DRAFT, model]


def test_the_results_of_a_batch_are_found_with_us(
    stack: Stack, upstream: RecordingUpstream
) -> None:
    results = "/v1/messages/batches/msgbatch_1/results"
    sent = b'{"id": "msgbatch_1", "results_url": "https://api.example%s", "n": 1e2}'
    session = f"links-{stack.base_url}"
    upstream.expect(session, {"": whole(sent % results.encode())})
    answered = _get(stack, "/v1/messages/batches/msgbatch_1", session)
    here = f"{stack.base_url}{results}".encode()
    assert answered.body == sent.replace(b"https://api.example%s", here)


def test_models_are_listed_in_the_shape_of_the_api(stack: Stack) -> None:
    listed = parsed(_get(stack, "/v1/models?limit=2", "list").body)
    assert set(listed) == {"data", "has_more", "first_id", "last_id"}
    ids = [model["id"] for model in listed["data"]]
    assert len(ids) == 2
    assert (listed["first_id"], listed["last_id"]) == (ids[0], ids[-1])
    next_page = _get(stack, f"/v1/models?limit=2&after_id={ids[-1]}", "list")
    assert not set(ids) & {model["id"] for model in parsed(next_page.body)["data"]}
    one = parsed(_get(stack, f"/v1/models/{ids[0]}", "list").body)
    assert one == listed["data"][0]
    assert set(one) >= _DESCRIBED


_DESCRIBED = {
    "id",
    "type",
    "display_name",
    "created_at",
    "lifecycle",
    "deprecated_at",
    "retires_at",
    "line",
    "max_input_tokens",
    "max_tokens",
    "capabilities",
}


def test_26_requests_to_count_tokens_at_once_are_all_counted(
    stack: Stack, upstream: RecordingUpstream
) -> None:
    session = f"crowd-{stack.base_url}"
    model = "accepting-crowd"
    exchange = upstream.expect(session, {model: whole(b'{"input_tokens": 7}')})
    asked = Asked(
        method="POST",
        target="/v1/messages/count_tokens?beta=true",
        headers=_headers(stack, session),
        body=encoded({"model": model, "messages": [_ASKED]}),
    )
    with ThreadPoolExecutor(26) as crowd:
        answers = list(crowd.map(lambda _: ask(stack.base_url, asked), range(26)))
    assert [answer.status for answer in answers] == [200] * 26
    assert len(exchange.requests) == 26
    assert all(answer.header("x-cascade-decision") is None for answer in answers)


def _get(stack: Stack, target: str, session: str) -> Answered:
    headers = _headers(stack, session, "globex")
    asked = Asked(method="GET", target=target, headers=headers, body=None)
    answered = ask(stack.base_url, asked)
    assert answered.status == 200
    return answered


def _ungated(script: Script) -> Script:
    return dataclasses.replace(script, gates=frozenset())
