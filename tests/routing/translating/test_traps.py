"""The fourteen traps between the Messages API and Chat Completions, by their numbers.

Each class is one trap of docs/compatibility.md; both directions, streams too.
"""

from __future__ import annotations

import msgspec
import pytest

from routing.quirks import Quirks
from routing.replaying import replay
from routing.sse import encode_event
from routing.translating.answer_to_message import message_of
from routing.translating.calls import MAX_CALLS, MAX_LOOKS
from routing.translating.counts import chat_usage
from routing.translating.failures import (
    chat_error,
    chat_status,
    messages_error,
    messages_stream_error,
)
from routing.translating.ids import foreign_of, minted
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
    result,
    text,
    to_chat,
    to_messages,
    use,
    user,
)

PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}
IMAGE = {"type": "image", "source": PNG}
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def read(answer, **options):
    message = message_of(answer, prompt_tokens=7, **options)
    assert message is not None
    return message


def roles(asked):
    return [message["role"] for message in asked["messages"]]


class Test01SystemPrompts:
    def test_a_system_prompt_becomes_the_first_message(self):
        asked = to_chat(user("hi"), system="Be brief.")
        assert asked["messages"][0] == {"role": "system", "content": "Be brief."}

    def test_its_blocks_stay_apart_and_lose_their_cache_marks(self):
        marked = text("b") | {"cache_control": {"type": "ephemeral"}}
        asked = to_chat(user("hi"), system=[text("a"), marked])
        assert asked["messages"][0]["content"] == [text("a"), text("b")]

    def test_the_role_is_the_one_the_server_knows(self):
        asked = to_chat(user("hi"), system="a", quirks=Quirks(system_role="developer"))
        assert roles(asked) == ["developer", "user"]

    def test_one_in_the_middle_stays_there(self):
        asked = to_chat(user("a"), {"role": "system", "content": "now"}, user("b"))
        assert roles(asked) == ["user", "system", "user"]

    def test_leading_messages_become_the_system_prompt(self):
        asked = to_messages(
            {"role": "system", "content": "a"},
            {"role": "developer", "content": "b"},
            user("hi"),
        )
        assert asked["system"] == [text("a"), text("b")]
        assert roles(asked) == ["user"]

    def test_a_later_one_is_a_system_message(self):
        asked = to_messages(user("a"), {"role": "developer", "content": "b"})
        assert asked["messages"][1] == {"role": "system", "content": "b"}


class Test02ResultsOfTools:
    def test_results_come_first_and_then_what_the_user_says(self):
        asked = to_chat(
            user("go"),
            assistant(use("toolu_1"), use("toolu_2")),
            user(text("and now?"), result("toolu_1", "A"), result("toolu_2", "B")),
        )
        assert roles(asked) == ["user", "assistant", "tool", "tool", "user"]
        assert [m["content"] for m in asked["messages"][2:]] == ["A", "B", "and now?"]

    def test_results_and_the_words_after_them_are_one_turn(self):
        asked = to_messages(
            user("go"),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [call("a"), call("b")],
            },
            {"role": "tool", "tool_call_id": "a", "content": "A"},
            {"role": "tool", "tool_call_id": "b", "content": "B"},
            user("and now?"),
        )
        assert roles(asked) == ["user", "assistant", "user"]
        kinds = [block["type"] for block in asked["messages"][2]["content"]]
        assert kinds == ["tool_result", "tool_result", "text"]

    def test_results_at_the_end_are_a_turn(self):
        asked = to_messages(
            user("go"),
            {"role": "assistant", "content": "", "tool_calls": [call("a")]},
            {"role": "tool", "tool_call_id": "a", "content": "A"},
        )
        assert asked["messages"][2]["content"][0]["content"] == "A"


class Test03WhatResultsMayHold:
    def test_images_move_to_the_users_message(self):
        asked = to_chat(
            user("go"), assistant(use("t")), user(result("t", [text("see"), IMAGE]))
        )
        tool, said = asked["messages"][2:]
        assert tool["role"] == "tool"
        assert tool["content"][0] == text("see")
        assert said == {"role": "user", "content": [IMAGE_PART]}

    def test_an_error_is_said_in_words(self):
        asked = to_chat(
            user("go"), assistant(use("t")), user(result("t", "no", is_error=True))
        )
        assert asked["messages"][2]["content"] == [text("Error:"), text("no")]

    def test_an_empty_result_is_empty_text(self):
        asked = to_chat(user("go"), assistant(use("t")), user(result("t", [])))
        assert asked["messages"][2]["content"] in ("", [], [text("")])


class Test04Arguments:
    def test_an_input_becomes_a_json_string(self):
        asked = to_chat(user("go"), assistant(use("t", city="Zürich")), user("ok"))
        function = asked["messages"][1]["tool_calls"][0]["function"]
        assert msgspec.json.decode(function["arguments"]) == {"city": "Zürich"}

    @pytest.mark.parametrize("arguments", ["", "  ", "{}"])
    def test_no_arguments_are_an_empty_object(self, arguments):
        message = read(chat_answer(None, tool_calls=[call("a", arguments)]))
        assert message["content"][0]["input"] == {}

    def test_no_arguments_in_a_stream_are_an_empty_object(self):
        message = message_told(
            call_chunk(0, id="a", name="look", arguments=""),
            chunk("tool_calls"),
            DONE,
        )
        assert message["content"][0]["input"] == {}

    def test_broken_json_stays_text_which_no_schema_takes(self):
        message = read(chat_answer(None, tool_calls=[call("a", '{"city": ')]))
        assert message["content"][0]["input"] == '{"city": '

    def test_broken_json_in_a_stream_stays_text_too(self):
        message = message_told(
            call_chunk(0, id="a", name="look", arguments='{"city": '),
            chunk("tool_calls"),
            DONE,
        )
        assert message["content"][0]["input"] == '{"city": '

    def test_a_history_with_broken_json_still_holds_objects(self):
        asked = to_messages(
            user("go"), {"role": "assistant", "tool_calls": [call("a", "{bad")]}
        )
        assert asked["messages"][1]["content"][0]["input"] == {"arguments": "{bad"}

    def test_an_input_that_never_grew_is_an_empty_object_in_a_stream(self):
        message = make_completion(content=[use("toolu_1")]).message
        told = chunks_of(*replay(message))
        pieces = [
            c["function"]["arguments"]
            for one in told
            if isinstance(one, dict)
            for choice in one["choices"]
            for c in choice["delta"].get("tool_calls", [])
        ]
        assert "".join(pieces) == "{}"


class Test05Ids:
    @pytest.mark.parametrize(
        "foreign", ["call_abcDEF123", "c", "9bKz_-x", "x" * 40, "toolu_call"]
    )
    def test_an_id_comes_back_through_a_loop(self, foreign):
        own = minted(foreign, "answer 1", "0")
        assert own.startswith("toolu_x")
        assert foreign_of(own) == foreign

    @pytest.mark.parametrize("foreign", ["", "a b|c", "x" * 41, "é", "\ud800"])
    def test_an_id_no_id_may_be_gets_a_valid_one(self, foreign):
        own = minted(foreign, "salt")
        assert own.isascii()
        assert own.removeprefix("toolu_").isalnum()
        assert foreign_of(own) == own

    def test_the_verifiers_own_ids_stay(self):
        own = "toolu_01A09q90qw90lq917835lq9"
        assert foreign_of(own) == own
        assert minted(own) == own

    def test_calls_of_two_answers_never_share_an_id(self):
        one, other = chat_answer(tool_calls=[call("call_0")]), chat_answer()
        other |= {"id": "chatcmpl-2", "choices": one["choices"]}
        assert read(one)["content"][1]["id"] != read(other)["content"][1]["id"]

    def test_two_calls_of_one_id_get_two(self):
        message = read(chat_answer(None, tool_calls=[call("x"), call("x")]))
        first, second = (block["id"] for block in message["content"])
        assert first != second

    def test_a_stream_gives_the_ids_of_the_whole_answer(self):
        streamed = message_told(
            call_chunk(0, id="call_a", name="look", arguments="{}"),
            chunk("tool_calls"),
            DONE,
        )
        whole = read(chat_answer(None, tool_calls=[call("call_a")]))
        assert streamed["content"] == whole["content"]

    def test_a_result_refers_to_its_call_on_both_sides(self):
        own = read(chat_answer(None, tool_calls=[call("call_a")]))["content"][0]["id"]
        asked = to_chat(user("go"), assistant(use(own)), user(result(own)))
        assert asked["messages"][1]["tool_calls"][0]["id"] == "call_a"
        assert asked["messages"][2]["tool_call_id"] == "call_a"

    def test_ids_used_again_in_a_history_stay_apart(self):
        asked = to_messages(
            user("go"),
            {"role": "assistant", "tool_calls": [call("call_0")]},
            {"role": "tool", "tool_call_id": "call_0", "content": "A"},
            {"role": "assistant", "tool_calls": [call("call_0")]},
            {"role": "tool", "tool_call_id": "call_0", "content": "B"},
        )
        called = [asked["messages"][i]["content"][0]["id"] for i in (1, 3)]
        answered = [asked["messages"][i]["content"][0]["tool_use_id"] for i in (2, 4)]
        assert called == answered
        assert len(set(called)) == 2

    @pytest.mark.parametrize("foreign", ["call_0", ""])
    def test_results_of_calls_that_share_an_id_pair_in_order(self, foreign):
        results = [
            {"role": "tool", "tool_call_id": foreign, "content": c} for c in "ABC"
        ]
        asked = to_messages(
            user("go"),
            {"role": "assistant", "tool_calls": [call(foreign)] * 3},
            *results,
            {"role": "assistant", "tool_calls": [call(foreign)]},
            results[0],
        )
        called, answered, again, last = asked["messages"][1:]
        ids = [block["id"] for block in called["content"]]
        assert [block["tool_use_id"] for block in answered["content"]] == ids
        assert last["content"][0]["tool_use_id"] == again["content"][0]["id"]
        assert len({*ids, again["content"][0]["id"]}) == 4

    def test_a_history_grows_without_changing_what_was(self):
        begun = [user("go"), {"role": "assistant", "tool_calls": [call("a")]}]
        more = [{"role": "tool", "tool_call_id": "a", "content": "A"}]
        before = to_messages(*begun)["messages"]
        assert to_messages(*begun, *more)["messages"][:2] == before


class Test06ParallelCalls:
    @pytest.mark.parametrize("disabled", [True, False])
    def test_the_parameter_is_turned_round(self, disabled):
        choice = {"type": "auto", "disable_parallel_tool_use": disabled}
        asked = to_chat(user("go"), tools=[{"name": "look"}], tool_choice=choice)
        assert asked["parallel_tool_calls"] is not disabled

    @pytest.mark.parametrize("parallel", [True, False])
    def test_and_back(self, parallel):
        asked = to_messages(
            user("go"),
            tools=[{"type": "function", "function": {"name": "look"}}],
            parallel_tool_calls=parallel,
        )
        disabled = asked["tool_choice"]["disable_parallel_tool_use"]
        assert asked["tool_choice"]["type"] == "auto"
        assert disabled is not parallel

    def test_it_is_left_out_where_the_server_refuses_it(self):
        choice = {"type": "auto", "disable_parallel_tool_use": True}
        asked = to_chat(
            user("go"),
            tools=[{"name": "look"}],
            tool_choice=choice,
            quirks=Quirks(parallel_tool_calls=False),
        )
        assert "parallel_tool_calls" not in asked


class Test07ToolChoice:
    PAIRS = [
        ({"type": "auto"}, "auto"),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        (
            {"type": "tool", "name": "look"},
            {"type": "function", "function": {"name": "look"}},
        ),
    ]

    @pytest.mark.parametrize(("ours", "theirs"), PAIRS)
    def test_each_choice_has_its_twin(self, ours, theirs):
        asked = to_chat(user("go"), tools=[{"name": "look"}], tool_choice=ours)
        assert asked["tool_choice"] == theirs
        function = {"type": "function", "function": {"name": "look"}}
        back = to_messages(user("go"), tools=[function], tool_choice=theirs)
        assert back["tool_choice"] == ours

    @pytest.mark.parametrize("choice", ["odd", 7, True, [], {}, {"type": []}])
    def test_one_that_cannot_be_read_is_refused(self, choice):
        tools = [{"type": "function", "function": {"name": "look"}}]
        with pytest.raises(CannotBeSaid, match="tool_choice"):
            to_messages(user("go"), tools=tools, tool_choice=choice)

    def test_an_odd_one_of_ours_is_left_out(self):
        asked = to_chat(user("go"), tools=[{"name": "look"}], tool_choice={"type": []})
        assert "tool_choice" not in asked

    def test_a_choice_of_some_tools_has_none(self):
        function = {"type": "function", "function": {"name": "look"}}
        with pytest.raises(CannotBeSaid, match="tool_choice"):
            to_messages(
                user("go"), tools=[function], tool_choice={"type": "allowed_tools"}
            )


class Test08WhyItEnded:
    @pytest.mark.parametrize(
        ("finish", "reason"),
        [
            ("stop", "end_turn"),
            ("length", "max_tokens"),
            ("content_filter", "refusal"),
            (None, "end_turn"),
            ("eos", "end_turn"),
        ],
    )
    def test_each_reason_of_a_text(self, finish, reason):
        assert read(chat_answer(finish=finish))["stop_reason"] == reason

    @pytest.mark.parametrize("finish", ["stop", "tool_calls", None, "function_call"])
    def test_calls_make_it_tool_use_whatever_the_server_says(self, finish):
        message = read(chat_answer(None, finish=finish, tool_calls=[call("a")]))
        assert message["stop_reason"] == "tool_use"

    def test_calls_in_a_stream_do_so_too(self):
        message = message_told(
            call_chunk(0, id="a", name="look", arguments="{}"), chunk("stop"), DONE
        )
        assert message["stop_reason"] == "tool_use"

    def test_a_call_cut_off_by_the_limit_stays_cut_off(self):
        answer = chat_answer(None, finish="length", tool_calls=[call("a", '{"x')])
        assert read(answer)["stop_reason"] == "max_tokens"

    def test_a_refusal_is_one(self):
        message = read(chat_answer(None, refusal="I cannot."))
        assert message["stop_reason"] == "refusal"
        assert message["content"] == [text("I cannot.")]

    def test_a_refusal_in_a_stream_is_one(self):
        message = message_told(
            chunk(refusal="I "), chunk(refusal="cannot."), chunk("stop"), DONE
        )
        assert message["stop_reason"] == "refusal"
        assert message["content"] == [text("I cannot.")]

    def test_the_stop_sequence_is_told_where_the_server_tells_it(self):
        answer = chat_answer()
        answer["choices"][0]["stop_reason"] = "END"
        message = read(answer)
        assert (message["stop_reason"], message["stop_sequence"]) == (
            "stop_sequence",
            "END",
        )

    @pytest.mark.parametrize(
        ("reason", "finish"),
        [
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("pause_turn", "stop"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("tool_use", "tool_calls"),
            ("refusal", "content_filter"),
        ],
    )
    def test_each_reason_back(self, reason, finish):
        message = make_completion(stop_reason=reason).message
        whole = answer_of(message, created=1)["choices"][0]
        told = [c for c in chunks_of(*replay(message)) if isinstance(c, dict)]
        assert whole["finish_reason"] == finish
        assert told[-1]["choices"][0]["finish_reason"] == finish

    def test_the_words_of_a_refusal_are_told(self):
        details = {"type": "refusal", "category": None, "explanation": "Too risky."}
        message = make_completion(stop_reason="refusal", stop_details=details).message
        whole = answer_of(message, created=1)["choices"][0]["message"]
        assert whole["refusal"] == "Too risky."


class Test09ImagesAndDocuments:
    def test_an_inline_image_is_a_data_url(self):
        asked = to_chat(user(text("what?"), IMAGE))
        assert asked["messages"][0]["content"] == [text("what?"), IMAGE_PART]
        assert to_messages(*asked["messages"])["messages"][0]["content"][1] == IMAGE

    def test_an_image_by_address_stays_one(self):
        image = {"type": "image", "source": {"type": "url", "url": "https://a.test/b"}}
        asked = to_chat(user(image))
        assert asked["messages"][0]["content"][0]["image_url"]["url"] == (
            "https://a.test/b"
        )
        assert to_messages(*asked["messages"])["messages"][0]["content"] == [image]

    def test_a_pdf_is_a_file_where_the_server_takes_files(self):
        source = {"type": "base64", "media_type": "application/pdf", "data": "aGk="}
        block = {"type": "document", "source": source, "title": "a.pdf"}
        asked = to_chat(user(block))
        assert to_messages(*asked["messages"])["messages"][0]["content"] == [block]

    def test_elsewhere_it_cannot_be_said(self):
        source = {"type": "base64", "media_type": "application/pdf", "data": "aGk="}
        with pytest.raises(CannotBeSaid, match="documents"):
            to_chat(user({"type": "document", "source": source}), quirks=Quirks())

    def test_a_document_of_text_is_its_text(self):
        source = {"type": "text", "media_type": "text/plain", "data": "words"}
        asked = to_chat(user({"type": "document", "source": source}), quirks=Quirks())
        assert asked["messages"][0]["content"] == "words"

    def test_a_held_file_cannot_be_said(self):
        image = {"type": "image", "source": {"type": "file", "file_id": "f"}}
        with pytest.raises(CannotBeSaid, match="files of yours"):
            to_chat(user(image))

    def test_sound_cannot_be_said(self):
        part = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
        with pytest.raises(CannotBeSaid, match="input_audio"):
            to_messages(user(part))


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
