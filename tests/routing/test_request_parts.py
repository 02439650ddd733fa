import pytest

from routing.dialects.anthropic import parse_request
from routing.request_parts import holds, strings_in, text_of, turns, value
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
