from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.sse import (
    EventSplitter,
    blank_but_data,
    encode_event,
    event_data,
    event_name,
    is_event_stream,
)

STREAM = b'event: ping\ndata: {"type": "ping"}\n\n: note\n\ndata: a\ndata: b\n\n'
EVENTS = [
    b'event: ping\ndata: {"type": "ping"}\n\n',
    b": note\n\n",
    b"data: a\ndata: b\n\n",
]

# Bytes that matter to the grammar, and some that do not.
wire = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"data: x", b":", b"\xff"]))
cuts = st.lists(st.integers(0, 60))


def split(*chunks):
    splitter = EventSplitter()
    events = [event for chunk in chunks for event in splitter.feed(chunk)]
    return events, splitter.rest


def pieces(data, at):
    edges = [0, *sorted(min(cut, len(data)) for cut in at), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def test_an_event_comes_out_exactly_as_it_came_in():
    assert split(STREAM) == (EVENTS, b"")


def test_a_cut_at_any_byte_makes_no_difference():
    for line_end in (b"\n", b"\r\n", b"\r"):
        stream = STREAM.replace(b"\n", line_end)
        expected = [event.replace(b"\n", line_end) for event in EVENTS]
        for cut in range(len(stream) + 1):
            assert split(stream[:cut], stream[cut:]) == (expected, b"")


@given(wire.map(b"".join), cuts)
def test_events_and_rest_joined_are_the_input(data, at):
    events, rest = split(*pieces(data, at))
    assert b"".join(events) + rest == data


@given(wire.map(b"".join), cuts)
def test_how_the_input_is_cut_makes_no_difference(data, at):
    assert split(*pieces(data, at)) == split(data)


def test_an_incomplete_event_stays_in_the_rest():
    splitter = EventSplitter()
    assert splitter.feed(b"data: a\n\ndata: b\n") == [b"data: a\n\n"]
    assert (splitter.rest, splitter.rest_bytes) == (b"data: b\n", 8)


def test_half_of_a_crlf_waits_for_its_other_half():
    splitter = EventSplitter()
    assert splitter.feed(b"data: a\r\n\r") == []
    assert splitter.feed(b"\n") == [b"data: a\r\n\r\n"]


def test_an_event_of_a_megabyte_may_come_in_small_pieces():
    event = encode_event("big", b"x" * 1_000_000)
    chunks = [event[i : i + 100] for i in range(0, len(event), 100)]
    assert split(*chunks) == ([event], b"")


def test_name_and_data_of_an_event():
    raw = b"id: 7\r\nevent: ping\r\ndata: a\r\ndata:b\r\ndata\r\n\r\n"
    assert event_name(raw) == "ping"
    assert event_data(raw) == b"a\nb\n"


def test_an_event_may_lack_name_and_data():
    assert (event_name(b": note\n\n"), event_data(b": note\n\n")) == ("", b"")


def test_a_field_that_only_starts_alike_is_another_field():
    raw = b"events: no\ndatabase: no\nevent: yes\ndata: yes\n\n"
    assert (event_name(raw), event_data(raw)) == ("yes", b"yes")


def test_a_byte_order_mark_is_not_part_of_the_first_field():
    assert event_name(b"\xef\xbb\xbfevent: ping\n\n") == "ping"


def test_a_name_that_is_not_utf8_is_read_all_the_same():
    assert event_name(b"event: \xff\n\n") == "�"


@given(st.from_regex(r"[a-z_]*", fullmatch=True), st.binary())
@settings(max_examples=50)
def test_an_encoded_event_is_one_event_with_its_name_and_data(name, data):
    raw = encode_event(name, data)
    assert split(raw) == ([raw], b"")
    assert event_name(raw) == name
    assert event_data(raw) == data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def test_a_comment_is_an_event_without_name_and_data():
    raw = b": still\n: here\n\n"
    assert split(raw) == ([raw], b"")
    assert (event_name(raw), event_data(raw)) == ("", b"")


def test_blanking_keeps_positions_and_the_data():
    raw = b'event: x\r\ndata: {"a":\r\ndata: 1}\r\n\r\n'
    blanked = blank_but_data(raw)
    assert len(blanked) == len(raw)
    assert blanked.split() == [b'{"a":', b"1}"]
    assert blanked.index(b"1}") == raw.index(b"1}")


@pytest.mark.parametrize(
    ("headers", "is_stream"),
    [
        ((("content-type", "Text/Event-Stream; charset=utf-8"),), True),
        ((("content-type", "application/json"),), False),
        ((), False),
        ((("x", "text/event-stream"),), False),
    ],
)
def test_knows_a_stream_by_its_content_type(headers, is_stream):
    assert is_event_stream(headers) is is_stream
