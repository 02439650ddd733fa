import pytest

from routing.dialects.anthropic import parse_request
from routing.request_parts import (
    Types,
    asks_for,
    holds,
    members_of,
    string_in,
    strings_in,
    text_of,
    tool_heads,
    turns,
    value,
)
from tests.builders import make_body, make_request


def roles(request):
    return [turn.role for turn in turns(request)]


def test_an_absent_value_reads_as_none():
    assert value(make_request(), "tools") is None
    assert value(make_request(tools=[1]), "tools") == [1]


def test_a_value_beyond_our_means_reads_as_none():
    body = make_body(metadata="far").replace(b'"far"', b"1e999")
    request = parse_request(body, headers=())
    assert value(request, "metadata") is None


def test_system_messages_are_nobodys_turn():
    messages = [{"role": role, "content": "x"} for role in ("user", "system", "user")]
    assert roles(make_request(messages=messages)) == ["user", "user"]


def test_plain_text_is_one_text_block():
    (turn,) = turns(make_request("Hello"))
    assert turn.blocks == [{"type": "text", "text": "Hello"}]


@pytest.mark.parametrize("content", [None, 7, {}, [None, "x", 7]])
def test_odd_contents_have_no_blocks(content):
    (turn,) = turns(make_request(messages=[{"role": "user", "content": content}]))
    assert turn.blocks == []


def test_messages_that_are_no_objects_read_as_no_conversation():
    assert turns(make_request(messages=["hello"])) == []


def test_a_quoted_word_within_a_string_is_not_held():
    request = make_request('say "signature"', system=[{"signature": 1}])
    assert not holds(request, "messages", (b'"signature"',))
    assert holds(request, "system", (b'"none"', b'"signature"'))
    assert not holds(request, "tools", (b'"signature"',))


def test_text_blocks_are_joined_by_line_ends():
    blocks = [
        {"type": "text", "text": "a"},
        {"type": "image", "text": "no"},
        {"type": "text", "text": None},
        {"type": "text", "text": "b"},
    ]
    assert text_of(blocks) == "a\nb"


def test_strings_are_found_at_any_depth():
    assert set(strings_in({"k": ["a", {"x": "b"}, 1, None], "l": "c"})) == set("abc")


def test_an_object_is_read_one_level_deep():
    request = make_request(thinking={"type": "adaptive", "a": [1]}, metadata=None)
    members = members_of(request, "thinking")
    assert bytes(members["a"]) == b"[1]"
    assert string_in(members, "type") == "adaptive"
    assert string_in(members, "a") is None
    assert string_in(members, "b") is None
    assert members_of(request, "metadata") == members_of(request, "system") == {}


@pytest.mark.parametrize("odd", ["x", 7, [], True])
def test_what_is_no_object_has_no_members(odd):
    assert members_of(make_request(thinking=odd), "thinking") is None


def test_a_tool_without_a_type_is_the_clients_own():
    tools = [{"name": "a", "input_schema": {}}, {"type": "bash_20250124"}, {"type": 7}]
    kinds = [tool.kind for tool in tool_heads(make_request(tools=tools))]
    assert kinds == ["custom", "bash_20250124", "7"]
    assert tool_heads(make_request(tools="none")) == tool_heads(make_request()) == []


@pytest.mark.parametrize("empty", [None, [], {}, "", False])
def test_an_empty_value_asks_for_nothing(empty):
    assert not asks_for(make_request(container=empty), "container")
    assert asks_for(make_request(container="box"), "container")


def test_types_are_found_by_their_bytes():
    image = Types("image", "picture")
    assert image.among(make_request(messages=[{"type": "picture"}]), "messages")
    assert image.among(
        parse_request(b'{"model":"a","messages":[{"type" :\n"image"}]}', headers=()),
        "messages",
    )
    for other in ("image", '{"type":"image"}'):
        assert not image.among(make_request(other), "messages")
    assert not image.among(make_request(), "system")
