"""The body as bytes: what is found where, whatever way it is spelt."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from routing.body import edited, edits_for, look, moved, span_of
from routing.errors import InvalidRequest

GAPS = st.sampled_from(["", " ", "\t", "\r\n", "\n  "])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(['"model":"x"', '{"model":1}', "}", '\\"', "\\", ","]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2)
    ),
    max_leaves=3,
)


@st.composite
def spelt(draw, value):
    """JSON of `value`, its white space and escapes as odd as they may be."""
    if isinstance(value, str):
        return draw(spelt_text(value))
    if isinstance(value, list):
        inner = ",".join(draw(spaced(draw(spelt(item)))) for item in value)
        return f"[{inner}]"
    if isinstance(value, dict):
        return draw(spelt_object(list(value.items())))
    return msgspec.json.encode(value).decode()


@st.composite
def spelt_text(draw, text):
    if draw(st.booleans()):
        return msgspec.json.encode(text).decode()
    units = text.encode("utf-16-be").hex()
    escapes = (f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    return '"' + "".join(escapes) + '"'


@st.composite
def spaced(draw, text):
    return draw(GAPS) + text + draw(GAPS)


@st.composite
def spelt_object(draw, pairs):
    members = []
    for key, value in pairs:
        key_text = draw(spaced(draw(spelt_text(key))))
        members.append(key_text + ":" + draw(spaced(draw(spelt(value)))))
    return "{" + (",".join(members) or draw(GAPS)) + "}"


@st.composite
def bodies(draw):
    """(body, its fields parsed, with `model` among them)."""
    fields = draw(st.dictionaries(TEXTS, VALUES, max_size=3))
    fields["model"] = draw(TEXTS)
    pairs = draw(st.permutations(list(fields.items())))
    return draw(spaced(draw(spelt_object(pairs)))).encode(), fields


@given(bodies())
def test_finds_the_model_wherever_and_however_it_is_spelt(case):
    body, fields = case
    start, end = span_of(body, look(body), "model")
    assert msgspec.json.decode(body[start:end]) == fields["model"]


@given(bodies(), TEXTS)
def test_a_splice_changes_nothing_but_the_value(case, model):
    body, fields = case
    start, end = span_of(body, look(body), "model")
    spliced = body[:start] + msgspec.json.encode(model) + body[end:]
    assert msgspec.json.decode(spliced) == fields | {"model": model}
    assert spliced.startswith(body[:start])
    assert spliced.endswith(body[end:])


@given(bodies())
def test_looks_at_values_without_touching_them(case):
    body, fields = case
    looked = look(body)
    assert {k: msgspec.json.decode(v) for k, v in looked.items()} == fields
    assert all(bytes(raw) in body for raw in looked.values())


@given(bodies(), st.data())
def test_refuses_a_body_that_says_anything_twice(case, data):
    body, fields = case
    key = data.draw(st.sampled_from(sorted(fields)))
    value = data.draw(spelt(data.draw(VALUES)))
    again = data.draw(spelt_text(key)) + ":" + value
    opening = body.index(b"{") + 1
    closing = body.rindex(b"}")
    in_front = body[:opening] + again.encode() + b"," + body[opening:]
    behind = body[:closing] + b"," + again.encode() + body[closing:]
    for doubled in (in_front, behind):
        with pytest.raises(InvalidRequest, match="twice"):
            span_of(doubled, look(doubled), "model")


@given(st.binary(max_size=40))
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":1}}')
@example(b'{"a":"\\ud800"}')
def test_answers_any_bytes_with_fields_or_a_clear_refusal(body):
    try:
        fields = look(body)
    except InvalidRequest:
        return
    assume(fields)
    assert isinstance(msgspec.json.decode(body), dict)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"model":"\xff"}', "not valid UTF-8 at byte 10"),
        (b"[1]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"model":', "not valid JSON"),
        (b"{'model': 1}", "not valid JSON"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    ],
)
def test_says_what_is_wrong_with_a_body(body, words):
    with pytest.raises(InvalidRequest, match=words):
        look(body)


def test_refuses_more_keys_than_a_request_could_mean():
    body = msgspec.json.encode({f"k{number}": 1 for number in range(1001)})
    with pytest.raises(InvalidRequest, match="too many"):
        span_of(body, look(body), "k0")


def test_a_model_inside_another_value_is_not_the_model():
    body = b'{"metadata":{"model":"x"},"model":"y","t":"\\"model\\":\\"z\\""}'
    assert span_of(body, look(body), "model") == (34, 37)


def test_knows_a_key_by_what_it_says_not_by_its_bytes():
    body = b'{"\\u006dodel":"y"}'
    assert span_of(body, look(body), "model") == (14, 17)
    twice = b'{"\\u006dodel":"y","model":"y"}'
    with pytest.raises(InvalidRequest, match="twice"):
        span_of(twice, look(twice), "model")


class TestEdits:
    @given(bodies(), st.data())
    def test_change_what_they_name_and_no_other_byte(self, case, data):
        body, fields = case
        others = st.sampled_from(sorted({*fields, "one", "two"} - {"model"}))
        new = data.draw(st.dictionaries(others, st.none() | VALUES, max_size=4))
        changes = {
            name: None if value is None else msgspec.json.encode(value)
            for name, value in new.items()
        }
        looked = look(body)
        edits = edits_for(body, looked, changes)
        changed = edited(body, edits)
        wanted = fields | new
        kept = {k: v for k, v in wanted.items() if changes.get(k, b"") is not None}
        assert msgspec.json.decode(changed) == kept
        assert all(bytes(looked[k]) in changed for k in fields.keys() - new.keys())
        assert moved(span_of(body, looked, "model"), edits) == span_of(
            changed, look(changed), "model"
        )

    @given(bodies())
    def test_none_leave_every_byte(self, case):
        body, _ = case
        assert edited(body, edits_for(body, look(body), {})) == body

    @pytest.mark.parametrize(
        ("removed", "left"),
        [
            ("a", b'{ "b" : 2 ,\n"c":3 }'),
            ("b", b'{ "a":1 ,\n"c":3 }'),
            ("c", b'{ "a":1, "b" : 2 }'),
            ("ab", b'{ "c":3 }'),
            ("bc", b'{ "a":1 }'),
            ("ac", b'{ "b" : 2 }'),
        ],
    )
    def test_a_value_goes_with_its_key_and_one_comma(self, removed, left):
        body = b'{ "a":1, "b" : 2 ,\n"c":3 }'
        changes = dict.fromkeys(removed)
        assert edited(body, edits_for(body, look(body), changes)) == left

    def test_refuse_a_body_that_says_anything_twice(self):
        body = b'{"a":1,"b":2,"a":3}'
        with pytest.raises(InvalidRequest, match="twice"):
            edits_for(body, look(body), {"b": None})


MANY = b"{}," * 600_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages":[%b{}]}' % MANY,
        b'{"messages":[{"content":[%b{}]}]}' % MANY,
        b'{"tools":[{"input_schema":[%b{}]}]}' % MANY,
        b'{"x":[%b0]}' % (b"0," * 1_000_001),
        b'{"x":[%b"\\""]}' % (b'"\\\\",' * 1_000_001),
    ],
)
def test_refuses_more_values_than_any_prompt_has(body):
    with pytest.raises(InvalidRequest, match="more than 1,000,000 values"):
        look(body)


@pytest.mark.parametrize("field", ["x", "thinking"])
def test_refuses_countless_keys_before_they_cost_memory(field):
    keys = b",".join(b'"%x" : 1' % number for number in range(60_000))
    for body in (
        b"{%b}" % keys,
        b"{%b}" % keys.replace(b'" :', rb'\\" :'),
        b'{"%b":{%b}}' % (field.encode(), keys),
    ):
        with pytest.raises(InvalidRequest, match="too many keys"):
            look(body)


@pytest.mark.parametrize(
    "text",
    [
        "{}," * 1_500_000,
        'x = {"a": [1, 2, {}], "b": "\\"}"}, ' * 150_000,
        "\\" * 2_000_000 + '",{[' * 300_000,
    ],
)
def test_takes_megabytes_of_text_that_looks_like_values(text):
    body = msgspec.json.encode({"messages": [{"content": text}], "other": text})
    assert list(look(body)) == ["messages", "other"]


def test_takes_a_long_conversation_with_many_tools():
    turn = {"role": "user", "content": [{"type": "text", "text": "Go on. " * 9}]}
    tool = {"name": "a", "input_schema": {str(n): {"type": "x"} for n in range(60)}}
    fields = {"model": "a", "messages": [turn] * 99_999, "tools": [tool] * 500}
    assert list(look(msgspec.json.encode(fields))) == list(fields)
