"""Every value of every shape put to something else: translators answer or refuse.

What a client wrote may be refused in words; what a provider wrote never raises.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from routing.replaying import replay
from routing.sse import event_name
from routing.translating.answer_to_message import message_of
from routing.translating.counts import chat_usage, messages_usage, responses_usage
from routing.translating.failures import chat_error, messages_error
from routing.translating.message_to_answer import answer_of
from routing.translating.values import CannotBeSaid
from tests.routing.translating.speaking import (
    DONE,
    PDF,
    PNG,
    USAGE,
    assistant,
    call,
    call_chunk,
    chat_answer,
    chunk,
    chunks_of,
    data_of,
    events_of,
    result,
    text,
    to_chat,
    to_messages,
    use,
    user,
)

ODD: list[Any] = [None, True, 7, "odd", [], ["odd"], {}, {"odd": []}]
SCHEMA = {"type": "object", "properties": {}, "required": []}
OF_MESSAGES = {
    "max_tokens": 10,
    "system": [text("brief")],
    "messages": [
        user(text("go"), {"type": "image", "source": PNG}),
        user({"type": "document", "source": PDF, "title": "a"}),
        assistant(text("so"), use("toolu_1", x=1)),
        user(result("toolu_1", [text("A")], is_error=True)),
        user({"type": "search_result", "title": "a", "content": [text("b")]}),
        user({"type": "document", "source": {"type": "content", "content": []}}),
    ],
    "tools": [{"name": "look", "input_schema": SCHEMA, "strict": True}],
    "tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": True},
    "output_config": {
        "effort": "max",
        "format": {"type": "json_schema", "schema": SCHEMA},
    },
    "stop_sequences": ["a"],
    "temperature": 1,
    "stream": True,
}
DECLARED = {"name": "look", "parameters": SCHEMA, "strict": True, "description": "a"}
OF_CHAT = {
    "max_tokens": 10,
    "max_completion_tokens": 10,
    "messages": [
        {"role": "developer", "content": [text("brief")]},
        user(text("go"), {"type": "image_url", "image_url": {"url": "https://a.test"}}),
        user({"type": "file", "file": {"file_data": "data:application/pdf;base64,aa"}}),
        {"role": "assistant", "content": "so", "refusal": "no", "tool_calls": []},
        {"role": "assistant", "content": None, "tool_calls": [call("a", '{"x":1}')]},
        {"role": "tool", "tool_call_id": "a", "content": [text("A")]},
        user("on"),
    ],
    "tools": [{"type": "function", "function": DECLARED}],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "parallel_tool_calls": False,
    "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
    "reasoning_effort": "low",
    "stop": ["a"],
    "temperature": 1,
    "n": 1,
    "modalities": ["text"],
    "stream": True,
}
USED = USAGE | {
    "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
LOGPROBS = {"content": [{"token": "a", "logprob": -1.0}]}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [text("a"), use("toolu_1", x=1)],
    "stop_reason": "refusal",
    "stop_details": {"explanation": "no"},
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens_details": {"thinking_tokens": 1}},
}


def odd_ones(value: Any) -> Iterator[Any]:
    """`value` over and over, each time with another of its values made odd."""
    for path in paths_of(value):
        for odd in ODD:
            changed = copy.deepcopy(value)
            holder = changed
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = odd
            yield changed


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    members: Any = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    for step, member in members:
        yield from paths_of(member, (*path, step))


def test_a_request_of_the_messages_api_is_said_or_refused():
    assert to_chat(**OF_MESSAGES)
    for fields in odd_ones(OF_MESSAGES):
        with suppress(CannotBeSaid):
            assert msgspec.json.encode(to_chat(**fields))


def test_a_request_of_chat_completions_is_said_or_refused():
    assert to_messages(**OF_CHAT)
    for fields in odd_ones(OF_CHAT):
        with suppress(CannotBeSaid):
            assert msgspec.json.encode(to_messages(**fields))


def test_an_answer_is_a_message_or_none():
    whole = chat_answer(usage=USED, tool_calls=[call("a", '{"x":1}')], refusal="no")
    whole["choices"][0]["logprobs"] = LOGPROBS
    for answer in odd_ones(whole):
        told = message_of(answer, prompt_tokens=7)
        assert told is None or msgspec.json.encode(told)


def test_a_message_is_an_answer():
    for message in odd_ones(MESSAGE):
        assert msgspec.json.encode(answer_of(message, created=1))


def test_a_chunk_is_events():
    whole = (
        chunk(role="assistant", content="a", refusal="no"),
        call_chunk(0, id="a", name="look", arguments="{}"),
        chunk(function_call={"name": "look", "arguments": "{}"}),
        chunk("stop", usage=USED),
    )
    for place, raw in enumerate(whole):
        for odd in odd_ones(data_of(raw)):
            encoded = b"data: " + msgspec.json.encode(odd) + b"\n\n"
            assert events_of(*whole[:place], encoded, *whole[place + 1 :], DONE)


def test_an_event_is_chunks():
    whole = replay(MESSAGE)
    for place, raw in enumerate(whole):
        name = event_name(raw).encode()
        for odd in odd_ones(data_of(raw)):
            data = msgspec.json.encode(odd)
            encoded = b"event: " + name + b"\ndata: " + data + b"\n\n"
            assert chunks_of(*whole[:place], encoded, *whole[place + 1 :])


def test_usage_and_errors_are_read_whatever_they_hold():
    for odd in odd_ones({"usage": USED | MESSAGE["usage"]}):
        assert chat_usage(odd["usage"])
        for read in (messages_usage, responses_usage):
            told = read(odd["usage"])
            assert told is None or msgspec.json.encode(told)
    for odd in odd_ones({"error": {"type": "a", "message": "b", "code": "c"}}):
        assert msgspec.json.decode(chat_error(msgspec.json.encode(odd), 400))
        assert messages_error(400, msgspec.json.encode(odd))
