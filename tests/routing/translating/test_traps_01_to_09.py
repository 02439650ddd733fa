"""The fourteen traps between the Messages API and Chat Completions: the first nine.

Each class is one trap of docs/compatibility.md; both directions, streams too.
"""

from __future__ import annotations

import msgspec
import pytest

from routing.quirks import Quirks
from routing.replaying import replay
from routing.translating.ids import foreign_of, minted
from routing.translating.message_to_answer import answer_of
from routing.translating.values import CannotBeSaid
from tests.builders import make_completion
from tests.routing.translating.speaking import (
    DONE,
    IMAGE,
    IMAGE_PART,
    assistant,
    call,
    call_chunk,
    chat_answer,
    chunk,
    chunks_of,
    message_told,
    read,
    result,
    roles,
    text,
    to_chat,
    to_messages,
    use,
    user,
)


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
