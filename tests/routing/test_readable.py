"""What of requests and answers is text, how much of it is kept, and what never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.readable import MAX_SIDE_BYTES, answer_of, prompt_of
from tests.builders import make_completion, make_request, make_tool, make_tool_use
from tests.routing.generated import values


def said(request, **bounds):
    return [(p.by, p.text) for p in prompt_of(request, **bounds)]


def user(content):
    return {"role": "user", "content": content}


def bytes_of(passages):
    return sum(len(p.text.encode()) for p in passages)


def test_a_prompt_is_its_tools_its_system_prompt_and_its_messages_in_order():
    request = make_request(
        system=[{"type": "text", "text": "Be brief."}],
        tools=[make_tool("get_weather"), {"type": "web_search_20260209"}],
        messages=[
            user("Hello"),
            {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "system", "content": "Now in French."},
            user([{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]),
        ],
    )
    assert said(request) == [
        ("tools", "get_weather, web_search_20260209"),
        ("system", "Be brief."),
        ("user", "Hello"),
        ("assistant", "Hi"),
        ("system", "Now in French."),
        ("user", "One\n\nTwo"),
    ]


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (
            {
                "type": "image",
                "source": {
                    "type": "base64",
                    "media_type": "image/png",
                    "data": "A" * 8,
                },
            },
            "[image: image/png, 6 bytes]",
        ),
        (
            {
                "type": "image",
                "source": {"type": "url", "url": "https://x/?sig=secret"},
            },
            "[image: by url]",
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "abc"},
            },
            "[document: text/plain, 3 bytes]",
        ),
        ({"type": "image"}, "[image: by reference]"),
        ({"type": "thinking", "thinking": "hmm"}, "[thinking: 3 characters]"),
        (
            {"type": "redacted_thinking", "data": "xy"},
            "[redacted thinking: 2 characters]",
        ),
        ({"type": "new_thing", "a": 1}, "[new thing: 35 characters]"),
        (make_tool_use("look", {"at": 1}), '[calls look]\n{\n  "at": 1\n}'),
        ({"type": "tool_result", "content": "found"}, "[tool result]\nfound"),
        (
            {"type": "tool_result", "content": [{"type": "image"}, {"type": "text"}]},
            "[tool result]\n[image: by reference]",
        ),
    ],
)
def test_what_is_no_text_is_told_of_by_kind_and_size(block, shown):
    assert said(make_request(messages=[user([block])])) == [("user", shown)]
    assert answer_of(make_completion(content=[block])) == shown


@pytest.mark.parametrize(
    "key",
    [
        "sk-ant-api03-Abcdefghijklmnop",
        "cp_live_Ab12Cd34Ef56Gh78Ij90",
        "gsk_Abcdefghijklmnopqrst",
        "cp_report_Ab12Cd34Ef56Gh78Ij90",
        "AKIAABCDEFGHIJKLMNOP",
    ],
)
def test_what_looks_like_a_key_is_left_out(key):
    request = make_request(f"use {key}, please", system=f"key={key}")
    assert said(request) == [("system", "key=[a key]"), ("user", "use [a key], please")]
    assert answer_of(make_completion(f"`{key}`")) == "`[a key]`"


@pytest.mark.parametrize("before", ["\n", "\t", "KEY_", '"', "\\"])
def test_a_key_is_left_out_wherever_it_begins_in_the_input_of_a_tool(before):
    block = make_tool_use(
        input={"content": f"key:{before}sk-ant-api03-Abcdefghijklmnop"}
    )
    kept = answer_of(make_completion(content=[block]))
    assert "Abcdefgh" not in kept
    assert "[a key]" in kept


def test_a_word_with_hyphens_is_no_key():
    text = "a risk-assessment-framework-of-ours"
    assert answer_of(make_completion(text)) == text


@given(place=st.integers(0, 400))
def test_a_key_is_left_out_where_a_long_text_is_cut_too(place):
    key = "sk-ant-api03-" + "Abcdefgh" * 12
    text = "x " * place + key + " y" * (1_000 - place)
    ((_, kept),) = said(make_request(text), most_bytes=1_200)
    assert "Abcdefgh" not in kept


def test_the_newest_messages_are_those_that_fit():
    messages = [user(f"{n} " + "x" * 2_000) for n in range(20)]
    kept = said(make_request(messages=messages), most_bytes=10_000)
    assert kept[0] == ("left out", "[15 earlier messages are not kept]")
    assert [text.split()[0] for _, text in kept[1:]] == ["15", "16", "17", "18", "19"]


def test_of_a_long_message_both_ends_are_kept():
    request = make_request("begin " + "é" * 10_000 + " end?")
    ((_, text),) = said(request, most_bytes=4_000)
    assert text.startswith("begin ")
    assert text.endswith(" end?")
    assert "bytes are not kept ...]" in text
    assert len(text.encode()) < 4_100


def test_a_long_system_prompt_leaves_room_for_the_question():
    request = make_request("Why?", system="s" * 10 * MAX_SIDE_BYTES)
    kept = dict(said(request))
    assert kept["user"] == "Why?"
    assert len(kept["system"]) < MAX_SIDE_BYTES / 3


@given(
    messages=st.lists(
        st.fixed_dictionaries({"role": st.text(max_size=9), "content": values}),
        max_size=4,
    ),
    system=values,
    tools=values,
)
def test_whatever_a_client_sends_is_read_within_the_bound(messages, system, tools):
    request = make_request(messages=messages, system=system, tools=tools)
    passages = prompt_of(request, most_bytes=2_000)
    assert bytes_of(passages) < 3_000


@given(content=values)
def test_whatever_a_model_answers_is_read_within_the_bound(content):
    text = answer_of(make_completion(content=content), most_bytes=500)
    assert len(text.encode()) < 600
