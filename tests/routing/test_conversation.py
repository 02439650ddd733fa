from __future__ import annotations

import pytest

from routing.conversation import (
    called_by_last_answer,
    conversation_of,
    digest_of,
    is_subagent,
    turn_of,
)
from routing.dialects.anthropic import parse_request
from tests.builders import make_body, make_request

SESSION, OTHER_SESSION = (
    ("x-claude-code-session-id", "5e55"),
    ("x-claude-code-session-id", "07e5"),
)
AGENT = ("x-claude-code-agent-id", "a9e7")
QUESTION = {"role": "user", "content": "Read the two files."}
MARK = {"type": "ephemeral"}


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def text(words="Fine.", **fields):
    return {"type": "text", "text": words, **fields}


def tool_use(id_="toolu_1"):
    return {"type": "tool_use", "id": id_, "name": "Read", "input": {"id": "inner"}}


def tool_result(id_="toolu_1"):
    return {"type": "tool_result", "tool_use_id": id_, "content": "# The file"}


def asking(*messages, **fields):
    return make_request(messages=list(messages), **fields)


# --- Conversations --------------------------------------------------------------------


def same(one, other):
    return conversation_of(one) == conversation_of(other)


def test_the_session_header_tells_the_conversation():
    first = make_request("Hello", headers=(SESSION,))
    assert same(first, make_request("And now?", headers=(SESSION,)))
    assert not same(first, make_request("Hello", headers=(OTHER_SESSION,)))


def test_a_subagent_is_a_conversation_of_its_own():
    main = make_request(headers=(SESSION,))
    assert not same(main, make_request(headers=(SESSION, AGENT)))


def test_without_the_header_the_users_id_tells():
    first = make_request("Hello", metadata={"user_id": "u1"})
    assert same(first, make_request("And now?", metadata={"user_id": "u1"}))
    assert not same(first, make_request("Hello", metadata={"user_id": "u2"}))


def test_without_either_the_beginning_tells():
    first = asking(QUESTION, system="Be brief.")
    later = asking(QUESTION, assistant(text()), user(text("Go on")), system="Be brief.")
    assert same(first, later)
    assert not same(first, asking(QUESTION, system="Be long."))
    assert not same(first, asking(user(text("Something else")), system="Be brief."))


@pytest.mark.parametrize(
    "metadata", [None, 7, "x", {}, {"user_id": 7}, {"user_id": ""}]
)
def test_metadata_that_name_nobody_tell_nothing(metadata):
    assert same(asking(QUESTION, metadata=metadata), asking(QUESTION))


def test_a_cache_mark_that_moves_on_does_not_part_a_conversation():
    system = [text("Be brief.", cache_control=MARK)]
    first = asking(user(text("Hello", cache_control=MARK)), system=system)
    later = asking(
        user(text("Hello")),
        assistant(text()),
        user(text("Go on", cache_control={"type": "ephemeral", "ttl": "1h"})),
        system=[text("Be brief.")],
    )
    assert same(first, later)


@pytest.mark.parametrize(
    ("plain", "marked"),
    [
        (b'"Hello"', b'"Hello","cache_control":{"type":"ephemeral"}'),
        (b'"Hello"', b'"Hello" , "cache_control" : {"type": "ephemeral"}'),
        (b'{"type":"text"', b'{"cache_control":null,"type":"text"'),
        (b'{"type":"text"', b'{"cache_control": {"ttl": "5m"} , "type":"text"'),
    ],
)
def test_a_cache_mark_is_found_however_it_is_written(plain, marked):
    body = make_body(messages=[user(text("Hello"))])
    one, other = (
        parse_request(sent, headers=()) for sent in (body, body.replace(plain, marked))
    )
    assert one.body != other.body
    assert same(one, other)


def test_text_about_cache_marks_is_text():
    first = asking(user(text('Say "cache_control":{} twice')))
    assert not same(first, asking(user(text("Say  twice"))))


def test_claude_codes_attribution_line_tells_nothing():
    lines = [
        f"x-anthropic-billing-header: cc_version=2.1.330.{hexes}; cc_entrypoint=cli;"
        for hexes in ("a1b", "c2d")
    ]
    one, other = (asking(QUESTION, system=[text(line)]) for line in lines)
    assert same(one, other)


# --- Turns ----------------------------------------------------------------------------


def test_a_turn_stays_the_same_with_other_options():
    one = asking(QUESTION, stream=True, tools=[{"name": "Read"}], max_tokens=32_000)
    assert turn_of(one) == turn_of(asking(QUESTION, max_tokens=64_000))


@pytest.mark.parametrize(
    "other",
    [
        asking(QUESTION, model="draft-small"),
        asking(QUESTION, system="Be brief."),
        asking(QUESTION, assistant(text()), QUESTION),
    ],
)
def test_another_model_prompt_or_message_makes_another_turn(other):
    assert turn_of(asking(QUESTION)) != turn_of(other)


def test_parts_cannot_be_shifted_into_one_another():
    assert digest_of(b"ab", b"c") != digest_of(b"a", b"bc")
    assert digest_of(b"a", b"") != digest_of(b"a")


# --- Tool loops -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "newest",
    [
        [user(tool_result())],
        [user(tool_result(), text("Hurry up."))],
        [user(tool_result()), user(text("Hurry up."))],
        [{"role": "system", "content": "A reminder."}, user(tool_result())],
    ],
)
def test_results_of_tools_after_an_answer_are_a_loop(newest):
    request = asking(QUESTION, assistant(text(), tool_use("toolu_7")), *newest)
    assert called_by_last_answer(request) == "toolu_7"


def test_the_first_of_several_calls_names_the_loop():
    results = user(tool_result("toolu_2"), tool_result("toolu_1"))
    calls = assistant(tool_use("toolu_1"), tool_use("toolu_2"))
    assert called_by_last_answer(asking(QUESTION, calls, results)) == "toolu_1"


def test_only_the_newest_answer_counts():
    request = asking(
        QUESTION,
        assistant(tool_use("toolu_1")),
        user(tool_result("toolu_1")),
        assistant(tool_use("toolu_2")),
        user(tool_result("toolu_2")),
    )
    assert called_by_last_answer(request) == "toolu_2"


@pytest.mark.parametrize(
    "messages",
    [
        [QUESTION],
        [],
        [user(tool_result())],
        [QUESTION, assistant(tool_use())],
        [QUESTION, assistant(tool_use()), user(text("Never mind."))],
        [QUESTION, assistant(text()), user(tool_result())],
        [
            QUESTION,
            assistant(tool_use()),
            user(tool_result()),
            assistant(text()),
            QUESTION,
        ],
        [QUESTION, {"role": "assistant", "content": "Fine."}, user(tool_result())],
        [QUESTION, assistant({"type": "tool_use", "id": 7}), user(tool_result())],
        [QUESTION, assistant("odd", tool_use()), user(tool_result())],
        [QUESTION, assistant(tool_use()), user({"type": ["tool_result"]})],
        ["odd"],
    ],
)
def test_everything_else_is_no_loop(messages):
    assert called_by_last_answer(asking(*messages)) is None


# --- Subagents ------------------------------------------------------------------------


def test_a_subagent_is_known_by_its_header():
    assert is_subagent(make_request(headers=(SESSION, AGENT)))
    assert not is_subagent(make_request(headers=(SESSION,)))
