"""The fourteen traps between the Messages API and Chat Completions: the last five.

Each class is one trap of docs/compatibility.md; both directions, streams too.
"""

from __future__ import annotations

import msgspec
import pytest

from routing.quirks import Quirks
from routing.replaying import replay
from routing.sse import encode_event
from routing.translating.calls import MAX_CALLS, MAX_LOOKS
from routing.translating.counts import chat_usage
from routing.translating.failures import (
    chat_error,
    chat_status,
    messages_error,
    messages_stream_error,
)
from routing.translating.message_to_answer import answer_of
from routing.translating.values import CannotBeSaid
from routing.usage import usage_of
from tests.builders import make_completion
from tests.routing.translating.speaking import (
    DONE,
    USAGE,
    assistant,
    call,
    call_chunk,
    chat_answer,
    chunk,
    chunks_of,
    events_of,
    message_told,
    read,
    roles,
    text,
    to_chat,
    to_messages,
    use,
    user,
)


class Test10Usage:
    TOLD = {
        "prompt_tokens": 100,
        "completion_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": 12},
    }

    def test_each_token_of_the_prompt_is_in_one_class(self):
        usage = usage_of(read(chat_answer(usage=self.TOLD))["usage"])
        assert usage is not None
        assert usage.input_tokens == 30
        assert usage.cache_read_tokens == 60
        assert usage.cache_write_5m_tokens == 10
        assert usage.prompt_tokens == 100
        assert usage.output_tokens == 30

    def test_a_stream_counts_alike(self):
        streamed = message_told(
            chunk(content="4"), chunk("stop"), chunk(usage=self.TOLD), DONE
        )
        assert usage_of(streamed["usage"]) == usage_of(
            read(chat_answer(usage=self.TOLD))["usage"]
        )

    def test_a_server_that_puts_it_elsewhere_is_read_too(self):
        with_groq = chunk(content="4").replace(
            b'"choices"',
            b'"x_groq":{"usage":' + msgspec.json.encode(USAGE) + b'},"choices"',
        )
        message = message_told(with_groq, chunk("stop"), DONE)
        assert message["usage"]["input_tokens"] == 20

    def test_missing_usage_is_estimated_and_its_cost_is_unknown(self):
        usage = usage_of(read(chat_answer(usage=None))["usage"])
        assert usage is not None
        assert usage.input_tokens == 7
        assert usage.output_tokens > 0
        assert usage.unpriced == "estimated"

    def test_missing_usage_in_a_stream_is_too(self):
        usage = usage_of(
            message_told(chunk(content="four"), chunk("stop"), DONE)["usage"]
        )
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens) == (7, 1)
        assert usage.unpriced == "estimated"

    def test_a_stream_that_breaks_off_costs_something_unknown(self):
        (start, *_) = events_of(chunk(content="4"))
        usage = usage_of(start["message"]["usage"])
        assert usage is not None
        assert usage.unpriced == "estimated"

    @pytest.mark.parametrize("streamed", [False, True])
    def test_told_usage_says_nothing_of_estimates(self, streamed):
        chunks = (chunk(content="4"), chunk("stop"), chunk(usage=USAGE), DONE)
        message = message_told(*chunks) if streamed else read(chat_answer())
        assert "estimated" not in message["usage"]
        events = events_of(*chunks)
        assert "estimated" not in events[-2]["usage"]

    def test_told_usage_is_not_marked(self):
        message = message_told(
            chunk(content="4"), chunk("stop"), chunk(usage=USAGE), DONE
        )
        usage = usage_of(message["usage"])
        assert usage is not None
        assert usage.unpriced == ""

    def test_the_way_back_adds_them_up(self):
        told = chat_usage(
            {
                "input_tokens": 30,
                "output_tokens": 5,
                "cache_read_input_tokens": 60,
                "cache_creation_input_tokens": 10,
                "output_tokens_details": {"thinking_tokens": 2},
            }
        )
        assert told["prompt_tokens"] == 100
        assert told["total_tokens"] == 105
        assert told["prompt_tokens_details"]["cached_tokens"] == 60
        assert told["completion_tokens_details"]["reasoning_tokens"] == 2

    def test_more_cached_than_there_is_counts_none_twice(self):
        usage = {
            "prompt_tokens": 10,
            "completion_tokens": 1,
            "prompt_tokens_details": {"cached_tokens": 50},
        }
        found = usage_of(read(chat_answer(usage=usage))["usage"])
        assert found is not None
        assert found.prompt_tokens == 10


class Test11Interleaving:
    def test_blocks_follow_one_another(self):
        events = events_of(
            chunk(role="assistant", content="Let me look. "),
            call_chunk(0, id="a", name="look", arguments='{"x":'),
            call_chunk(1, id="b", name="see", arguments='{"y":'),
            call_chunk(0, arguments="1}"),
            chunk(content="Done."),
            call_chunk(1, arguments="2}"),
            chunk("tool_calls"),
            DONE,
        )
        opened = None
        for event in events:
            if event["type"] == "content_block_start":
                assert opened is None
                opened = event["index"]
            elif event["type"] == "content_block_delta":
                assert event["index"] == opened
            elif event["type"] == "content_block_stop":
                assert event["index"] == opened
                opened = None
        assert opened is None
        assert [e["type"] for e in events].count("content_block_start") == 4

    def test_every_call_keeps_its_own_arguments(self):
        message = message_told(
            call_chunk(0, id="a", name="look", arguments='{"x":'),
            call_chunk(1, id="b", name="see", arguments='{"y":'),
            call_chunk(0, arguments="1}"),
            call_chunk(1, arguments="2}"),
            chunk("tool_calls"),
            DONE,
        )
        assert [(b["name"], b["input"]) for b in message["content"]] == [
            ("look", {"x": 1}),
            ("see", {"y": 2}),
        ]

    def test_a_second_call_is_told_while_it_comes(self):
        live = events_of(
            call_chunk(0, id="a", name="look", arguments="{}"),
            call_chunk(1, id="b", name="see", arguments='{"y":'),
        )
        assert live[-1]["delta"]["partial_json"] == '{"y":'

    def test_arguments_may_come_before_the_name(self):
        message = message_told(
            call_chunk(0, id="a", arguments='{"x":'),
            call_chunk(0, name="look", arguments="1}"),
            chunk("tool_calls"),
            DONE,
        )
        assert message["content"][0]["name"] == "look"
        assert message["content"][0]["input"] == {"x": 1}

    def test_one_index_for_all_calls_is_seen_through(self):
        message = message_told(
            call_chunk(0, id="a", name="look", arguments='{"x":1}'),
            call_chunk(0, id="b", name="see", arguments='{"y":2}'),
            chunk("tool_calls"),
            DONE,
        )
        assert [b["input"] for b in message["content"]] == [{"x": 1}, {"y": 2}]

    def test_calls_without_an_index_are_told_apart_by_their_ids(self):
        message = message_told(
            call_chunk(None, id="a", name="look", arguments='{"x":'),
            call_chunk(None, arguments="1}"),
            call_chunk(None, id="b", name="see", arguments="{}"),
            chunk("tool_calls"),
            DONE,
        )
        assert [b["input"] for b in message["content"]] == [{"x": 1}, {}]

    @pytest.mark.parametrize("index", [None, 0])
    def test_an_answer_of_more_calls_than_anybody_means_fails(self, index):
        calls = [
            {"index": index, **call(f"c{number}")} for number in range(MAX_CALLS + 1)
        ]
        whole = events_of(chunk(tool_calls=calls[:-1]), chunk("tool_calls"), DONE)
        assert whole[-1]["type"] == "message_stop"
        one_more = events_of(chunk(tool_calls=calls), chunk("tool_calls"), DONE)
        assert [event["type"] for event in one_more] == ["error"]

    def test_arguments_are_looked_at_a_few_times_for_their_end(self, monkeypatch):
        looked: list[str] = []
        monkeypatch.setattr("routing.translating.calls.raw_object", looked.append)
        grown = [
            part
            for _ in range(100)
            for part in (call_chunk(0, arguments="}"), call_chunk(1, arguments="y"))
        ]
        events_of(
            call_chunk(0, id="a", name="look", arguments='{"x":"'),
            call_chunk(1, id="b", name="see", arguments='{"y":"'),
            *grown,
        )
        assert len(looked) == MAX_LOOKS

    def test_arguments_that_cannot_end_there_are_not_looked_at(self, monkeypatch):
        looked: list[str] = []
        monkeypatch.setattr("routing.translating.calls.raw_object", looked.append)
        events_of(
            call_chunk(0, id="a", name="look", arguments='{"x":"'),
            call_chunk(1, id="b", name="see", arguments='{"y":"'),
        )
        assert looked == []

    def test_text_after_a_call_is_a_block_of_its_own(self):
        message = message_told(
            call_chunk(0, id="a", name="look", arguments="{}"),
            chunk(content="So."),
            chunk("tool_calls"),
            DONE,
        )
        assert [b["type"] for b in message["content"]] == ["tool_use", "text"]

    def test_a_late_usage_chunk_counts(self):
        message = message_told(
            chunk(content="4"), chunk("stop"), chunk(usage=USAGE), DONE
        )
        assert message["usage"]["output_tokens"] == 10

    def test_other_choices_are_not_mixed_in(self):
        other = chunk(content="no").replace(b'"index":0', b'"index":1')
        message = message_told(chunk(content="4"), other, chunk("stop"), DONE)
        assert message["content"] == [text("4")]

    def test_calls_have_numbers_on_the_way_back(self):
        message = make_completion(
            content=[text("a"), use("toolu_1", x=1), use("toolu_2", "see")]
        ).message
        told = [c for c in chunks_of(*replay(message)) if isinstance(c, dict)]
        calls = [
            one
            for c in told
            for choice in c["choices"]
            for one in choice["delta"].get("tool_calls", [])
        ]
        named = {c["index"]: c["function"]["name"] for c in calls if "id" in c}
        assert named == {0: "look", 1: "see"}


class Test12Thinking:
    THOUGHTS = [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "b3A="},
    ]

    def test_thoughts_go_to_nobody_else(self):
        asked = to_chat(user("a"), assistant(*self.THOUGHTS, text("b")), user("c"))
        assert asked["messages"][1] == {"role": "assistant", "content": "b"}

    def test_a_turn_of_thoughts_alone_is_left_out(self):
        asked = to_chat(user("a"), assistant(*self.THOUGHTS), user("c"))
        assert roles(asked) == ["user", "user"]

    @pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
    def test_reasoning_never_becomes_a_thinking_block(self, key):
        message = read(chat_answer(**{key: "hm"}))
        assert [b["type"] for b in message["content"]] == ["text"]
        streamed = message_told(
            chunk(**{key: "hm"}), chunk(content="4"), chunk("stop"), DONE
        )
        assert streamed["content"] == [text("4")]

    def test_thoughts_are_left_out_on_the_way_back(self):
        message = make_completion(content=[*self.THOUGHTS, text("4")]).message
        assert answer_of(message, created=1)["choices"][0]["message"]["content"] == "4"
        told = [c for c in chunks_of(*replay(message)) if isinstance(c, dict)]
        contents = [c["choices"][0]["delta"].get("content") or "" for c in told]
        assert "".join(contents) == "4"


class TestNothingIsLostInSilence:
    """Chat Completions -> Messages: what cannot be read is refused, by its name."""

    @pytest.mark.parametrize(
        ("message", "words"),
        [
            ("hi", "messages"),
            ({"role": "user", "content": {"type": "text", "text": "hi"}}, "content"),
            ({"role": "user", "content": 5}, "content"),
            ({"role": "user", "content": ["hi"]}, "content"),
            ({"role": "user", "content": [{"type": "text"}]}, "text"),
            ({"role": "tool", "tool_call_id": "a", "content": ["hi"]}, "content"),
            ({"role": "system", "content": ["hi"]}, "content"),
            ({"role": "assistant", "function_call": {"name": "f"}}, "function_call"),
            ({"role": "assistant", "audio": {"id": "x"}}, "audio"),
            ({"role": "assistant", "tool_calls": ["f"]}, "tool_calls"),
            ({"role": "assistant", "tool_calls": [call("a", 7)]}, "arguments"),
            (user({"type": "image_url", "image_url": "https://a.test"}), "url"),
        ],
    )
    def test_an_odd_message(self, message, words):
        with pytest.raises(CannotBeSaid, match=words):
            to_messages(user("go"), message)

    @pytest.mark.parametrize(
        "fields", [{"tools": "x"}, {"tools": ["x"]}, {"response_format": "x"}]
    )
    def test_an_odd_parameter(self, fields):
        with pytest.raises(CannotBeSaid, match=next(iter(fields))):
            to_messages(user("go"), **fields)

    def test_a_refusal_beside_a_text_is_told(self):
        refused = {"role": "assistant", "content": "so", "refusal": "no"}
        asked = to_messages(user("go"), refused)
        assert asked["messages"][1]["content"] == [text("so"), text("no")]

    def test_a_refusal_in_a_part_and_beside_it_is_told_once(self):
        parts = [{"type": "refusal", "refusal": "no"}]
        refused = {"role": "assistant", "content": parts, "refusal": "no"}
        asked = to_messages(user("go"), refused)
        assert asked["messages"][1]["content"] == [text("no")]


class Test13Parameters:
    def test_a_missing_limit_is_filled_in(self):
        assert to_messages(user("hi"))["max_tokens"] > 0

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    def test_either_name_of_the_limit_counts(self, name):
        assert to_messages(user("hi"), **{name: 5})["max_tokens"] == 5

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    def test_the_limit_has_the_name_the_server_knows(self, name):
        asked = to_chat(user("hi"), quirks=Quirks(max_tokens_field=name))
        assert asked[name] == 100

    def test_an_answer_begun_cannot_be_gone_on_with(self):
        with pytest.raises(CannotBeSaid, match="answer begun"):
            to_chat(user("hi"), assistant("The answer"))

    def test_top_k_is_advice_and_left_out(self):
        assert "top_k" not in to_chat(user("hi"), top_k=5, temperature=0.5)

    def test_five_stop_sequences_are_one_too_many(self):
        with pytest.raises(CannotBeSaid, match="stop_sequences"):
            to_chat(user("hi"), stop_sequences=list("abcde"))

    @pytest.mark.parametrize("stop", ["END", ["END"]])
    def test_a_stop_sequence_comes_over(self, stop):
        assert to_messages(user("hi"), stop=stop)["stop_sequences"] == ["END"]

    def test_a_temperature_beyond_the_scale_is_its_end(self):
        assert to_messages(user("hi"), temperature=1.7)["temperature"] == 1.0

    @pytest.mark.parametrize("closed", [True, False])
    def test_a_schema_is_strict_where_it_can_be(self, closed):
        schema = {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "required": ["a"],
            "additionalProperties": not closed,
        }
        form = {"format": {"type": "json_schema", "schema": schema}}
        asked = to_chat(user("hi"), output_config=form)
        assert asked["response_format"]["json_schema"]["strict"] is closed
        assert asked["response_format"]["json_schema"]["schema"] == schema

    def test_json_without_a_schema_cannot_be_said(self):
        with pytest.raises(CannotBeSaid, match="response_format"):
            to_messages(user("hi"), response_format={"type": "json_object"})

    @pytest.mark.parametrize(
        "field",
        [{"n": 2}, {"logprobs": True}, {"functions": [{}]}, {"audio": {"v": 1}}],
    )
    def test_what_changes_the_answer_cannot_be_said(self, field):
        with pytest.raises(CannotBeSaid, match=next(iter(field))):
            to_messages(user("hi"), **field)

    def test_advice_is_left_out(self):
        asked = to_messages(user("hi"), seed=1, presence_penalty=0.5, n=1, store=False)
        assert asked.keys() == {"model", "max_tokens", "messages"}

    def test_strict_tools_stay_so_where_the_server_knows_them(self):
        tool = {"name": "look", "strict": True, "input_schema": {"type": "object"}}
        assert to_chat(user("a"), tools=[tool])["tools"][0]["function"]["strict"]
        function = to_chat(user("a"), tools=[tool], quirks=Quirks())["tools"][0]
        assert "strict" not in function["function"]

    def test_effort_has_a_twin(self):
        asked = to_chat(user("a"), output_config={"effort": "max"})
        assert asked["reasoning_effort"] == "xhigh"
        back = to_messages(user("a"), reasoning_effort="minimal")
        assert back["output_config"] == {"effort": "low"}

    def test_streams_report_their_usage(self):
        assert to_chat(user("a"), stream=True)["stream_options"] == {
            "include_usage": True
        }
        quirks = Quirks(stream_usage=False)
        assert "stream_options" not in to_chat(user("a"), stream=True, quirks=quirks)


class Test14Errors:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, "invalid_request_error"),
            (401, "authentication_error"),
            (404, "not_found_error"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (503, "overloaded_error"),
        ],
    )
    @pytest.mark.parametrize(
        "body",
        [
            {"error": {"message": "no", "type": "x", "param": None, "code": None}},
            {"error": "no"},
            {"object": "error", "message": "no"},
            {"detail": "no"},
        ],
    )
    def test_any_envelope_becomes_ours(self, status, kind, body):
        got, told = messages_error(status, msgspec.json.encode(body))
        assert got == status
        assert msgspec.json.decode(told) == {
            "type": "error",
            "error": {"type": kind, "message": "no"},
        }

    @pytest.mark.parametrize("body", [b"<html>502</html>", b"", b"[]", b"null"])
    def test_a_page_is_never_passed_on(self, body):
        _, told = messages_error(502, body)
        error = msgspec.json.decode(told)["error"]
        assert error == {"type": "api_error", "message": "The provider answered 502."}

    def test_a_tool_call_its_own_server_cannot_read_is_the_models_fault(self):
        error = {"message": "Failed to call a function.", "code": "tool_use_failed"}
        status, told = messages_error(400, msgspec.json.encode({"error": error}))
        assert status == 502
        assert msgspec.json.decode(told)["error"]["type"] == "api_error"

    def test_an_error_in_a_stream_ends_it(self):
        told = events_of(
            chunk(content="4"),
            b'data: {"error":{"message":"busy","code":503}}\n\n',
            DONE,
        )
        assert told[-1] == {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "busy"},
        }

    def test_an_error_without_words_has_some(self):
        assert messages_stream_error({})["error"]["message"]

    def test_overload_has_another_status_there(self):
        assert chat_status(529) == 503
        body = b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'
        assert msgspec.json.decode(chat_error(body, 529)) == {
            "error": {
                "message": "busy",
                "type": "server_error",
                "param": None,
                "code": None,
            }
        }

    @pytest.mark.parametrize("name", ["error", "content_block_delta", "message_stop"])
    @pytest.mark.parametrize("data", [b"{", b"[]", b""])
    def test_an_event_that_cannot_be_read_ends_our_stream(self, name, data):
        events = replay(make_completion().message)
        told = chunks_of(events[0], encode_event(name, data), *events[1:])
        assert told[-1]["error"]["type"] == "server_error"
        assert len(told) == 2

    def test_a_ping_needs_no_data(self):
        assert chunks_of(encode_event("ping", b"")) == [""]

    def test_an_error_in_our_stream_is_told_in_theirs(self):
        error = {"type": "api_error", "message": "no"}
        data = msgspec.json.encode({"type": "error", "error": error})
        event = encode_event("error", data)
        (told,) = chunks_of(event)
        assert told["error"]["message"] == "no"
