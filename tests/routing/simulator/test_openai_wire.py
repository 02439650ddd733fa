import pytest
from jsonschema import validate

from metrics.types import Usage
from routing.simulator import openai_wire as wire
from routing.simulator.answers import good_answer
from routing.simulator.values import Rejected
from tests.routing.simulator.builders import BASH, events_in, json_in, openai_ask_for

USAGE = Usage(input_tokens=10, cache_read_tokens=5)
FUNCTION = {
    "type": "function",
    "function": {"name": "Bash", "parameters": BASH["input_schema"]},
}


def whole(ask):
    return wire.whole(ask, good_answer(ask), USAGE)


def stream(ask):
    return b"".join(e.data for e in wire.events(ask, good_answer(ask), USAGE))


def test_a_whole_answer_has_one_choice_and_adds_up_its_usage():
    answer = whole(openai_ask_for("What is 2+2?"))
    (choice,) = answer["choices"]
    assert choice["message"]["content"] == "2 + 2 = 4."
    assert choice["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] == 15
    assert answer["usage"]["total_tokens"] == 18
    assert answer["usage"]["prompt_tokens_details"] == {"cached_tokens": 5}


def test_a_stream_joins_to_the_whole_answer_and_ends_with_done():
    ask = openai_ask_for()
    body = stream(ask)
    deltas = [chunk["choices"][0]["delta"] for chunk in events_in(body)]
    assert deltas[0]["role"] == "assistant"
    text = "".join(delta.get("content", "") for delta in deltas)
    assert text == whole(ask)["choices"][0]["message"]["content"]
    assert body.endswith(b"data: [DONE]\n\n")


def test_usage_is_streamed_only_when_asked_for():
    with_usage = openai_ask_for(stream_options={"include_usage": True})
    last = events_in(stream(with_usage))[-1]
    assert last["choices"] == []
    assert last["usage"] == whole(with_usage)["usage"]
    assert all("usage" not in chunk for chunk in events_in(stream(openai_ask_for())))


def test_a_tool_call_has_arguments_as_text_in_both_forms():
    ask = openai_ask_for("Use Bash to run: ls", tools=[FUNCTION])
    choice = whole(ask)["choices"][0]
    (call,) = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    deltas = [chunk["choices"][0]["delta"] for chunk in events_in(stream(ask))]
    calls = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    written = "".join(part["function"]["arguments"] for part in calls)
    assert written == call["function"]["arguments"]
    assert json_in(written.encode())["command"] == "ls"
    assert calls[0]["id"] == call["id"]


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", False),
        ("auto", False),
        ("required", True),
        ({"type": "function", "function": {"name": "Bash"}}, True),
    ],
)
def test_the_tool_choice_is_obeyed(choice, called):
    ask = openai_ask_for("Say hi", tools=[FUNCTION], tool_choice=choice)
    assert ("tool_calls" in whole(ask)["choices"][0]["message"]) is called


@pytest.mark.parametrize("choice", ["sometimes", 5, {"type": "function"}])
def test_an_unknown_tool_choice_is_rejected(choice):
    with pytest.raises(Rejected, match="tool_choice"):
        openai_ask_for(tool_choice=choice)


def test_a_tool_message_is_a_result():
    messages = [{"role": "tool", "tool_call_id": "c", "content": "ok"}]
    assert openai_ask_for(messages=messages).tool_result == "ok"


def test_structured_output_satisfies_its_schema():
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "null"}},
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    text = whole(openai_ask_for(response_format=form))["choices"][0]["message"][
        "content"
    ]
    validate(json_in(text.encode()), schema)
    text = whole(openai_ask_for(response_format={"type": "json_object"}))
    assert json_in(text["choices"][0]["message"]["content"].encode())


def test_limit_and_stop_come_from_either_spelling():
    assert openai_ask_for(max_tokens=5).max_tokens == 5
    assert openai_ask_for(max_completion_tokens=6, max_tokens=5).max_tokens == 6
    assert openai_ask_for(stop="END").stop_sequences == ("END",)


def test_an_error_has_the_envelope_of_this_api():
    error = wire.error_body(Rejected(529, "overloaded_error", "Overloaded"), "req_1")
    assert error["error"]["type"] == "server_error"
    assert error["error"]["message"] == "Overloaded"
