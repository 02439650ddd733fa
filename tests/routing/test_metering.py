"""What an answer tells of its cost and its end, read without building the answer."""

from __future__ import annotations

import tracemalloc

import pytest

from routing import metering
from routing.metering import StreamMeter, usage_in_message
from routing.sse import MAX_LINES, encode_event
from tests.builders import make_event, make_events, make_usage


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_usage_and_end_are_seen_however_the_stream_is_cut(size):
    stream = b"".join(make_events("Hello", "world"))
    meter = StreamMeter()
    for start in range(0, len(stream), size):
        meter.feed(stream[start : start + size])
    assert meter.usage == make_usage(20, 10)
    assert meter.complete
    assert meter.error is None


def test_usage_so_far_is_known_before_the_end():
    meter = StreamMeter()
    meter.feed(b"".join(make_events("Hi")[:3]))
    assert meter.usage == make_usage(20, 1)
    assert not meter.complete


def test_no_usage_is_known_before_a_message_begins():
    meter = StreamMeter()
    meter.feed(make_event("ping"))
    assert meter.usage is None


def test_it_is_known_whether_an_event_is_under_way():
    (start, *_) = make_events()
    meter = StreamMeter()
    states = []
    for piece in (b"", start[:20], start[20:]):
        meter.feed(piece)
        states.append(meter.mid_event)
    assert states == [False, True, False]


def test_an_event_of_megabytes_may_come_in_small_pieces():
    meter = StreamMeter()
    for _ in range(8_000):
        meter.feed(b"x" * 4096)
    assert meter.mid_event
    assert meter.error is None


def test_an_error_event_is_seen():
    meter = StreamMeter()
    meter.feed(make_event("error", error={"type": "overloaded_error"}))
    assert meter.error == {"type": "overloaded_error"}


def test_what_is_no_json_is_watched_without_complaint():
    meter = StreamMeter()
    for name in ("message_start", "message_delta", "error"):
        meter.feed(encode_event(name, b"<html>"))
    assert meter.usage is None
    assert meter.error == {"type": "malformed_event"}


def test_a_stream_of_more_events_than_any_answer_is_looked_at_no_more(monkeypatch):
    monkeypatch.setattr(metering, "MAX_EVENTS", 100)
    meter = StreamMeter()
    meter.feed(b"".join(make_events("Hi")[:3]))
    meter.feed(b"\n\n" * 98)
    assert meter.lost
    assert meter.mid_event, "nobody knows"
    meter.feed(b"".join(make_events("Hi")[3:]))
    assert (meter.complete, meter.usage) == (False, make_usage(20, 1))


def test_an_event_without_end_is_not_held(monkeypatch):
    monkeypatch.setattr(metering, "MAX_EVENT_BYTES", 1_000)
    meter = StreamMeter()
    for _ in range(20):
        meter.feed(b"x" * 100)
    assert meter.lost
    assert (meter.error, meter.complete) == (None, False)


def test_an_event_of_countless_lines_is_passed_over():
    meter = StreamMeter()
    meter.feed(b"event: message_stop\n" + b"data\n" * MAX_LINES + b"\n")
    assert not meter.complete


@pytest.mark.parametrize("field", ["content", "usage", "error", "x"])
@pytest.mark.parametrize("name", ["message_start", "message_delta", "error"])
def test_no_more_of_an_event_is_built_than_is_told(name, field):
    bulk = b"[" + b"[]," * 1_000_000 + b"[]]"
    meter = StreamMeter()
    meter.feed(make_event("message_start", message={"usage": {"input_tokens": 7}}))
    event = encode_event(
        name, b'{"type":"%s","%b":%b}' % (name.encode(), field.encode(), bulk)
    )
    assert peak_of(meter.feed, event) < 6 * len(event)
    assert meter.usage == make_usage(7, 0)


def test_reports_of_usage_do_not_pile_up():
    meter = StreamMeter()
    for number in range(2_000):
        meter.feed(make_event("message_delta", usage={f"k{number}": number}))
    assert meter.usage is None
    few = StreamMeter()
    for number in range(50):
        few.feed(make_event("message_delta", usage={f"k{number}": number}))
    few.feed(make_event("message_delta", usage={"output_tokens": 9}))
    assert few.usage == make_usage(0, 9)


def peak_of(work, *args) -> int:
    """The most memory `work` held at once, in bytes."""
    tracemalloc.start()
    try:
        work(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_usage_of_a_whole_message_is_read():
    body = b'{"type": "message", "content": [], "usage": {"input_tokens": 3}}'
    assert usage_in_message(body) == (True, make_usage(3, 0))


@pytest.mark.parametrize("usage", [b"[]", b"null", b'{"input_tokens": "x"}'])
def test_a_message_may_tell_no_usage(usage):
    assert usage_in_message(b'{"type": "message", "usage": %b}' % usage) == (True, None)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"type": "error"}', b'"message"', b"[" * 100_000, b"{}"],
)
def test_anything_else_is_no_message(body):
    assert usage_in_message(body) == (False, None)


@pytest.mark.parametrize("field", ["x", "content", "usage"])
def test_nothing_else_of_a_message_is_built(field):
    bulk = b"[" + b"[]," * 1_000_000 + b"[]]"
    body = b'{"type":"message","%b":%b}' % (field.encode(), bulk)
    assert peak_of(usage_in_message, body) < 3 * len(body)
    assert usage_in_message(body) == (True, None)


def test_who_leaves_before_the_last_event_still_pays_for_what_was_written():
    words = ["a word or two, and more of them "] * 100
    *events, _told, _stop = make_events(*words)
    meter = StreamMeter()
    meter.feed(b"".join(events))
    assert meter.usage == make_usage(20, 1)
    assert meter.usage_so_far.input_tokens == 20
    assert 700 <= meter.usage_so_far.output_tokens <= 1000


def test_what_the_provider_told_of_the_answer_is_not_estimated():
    *events, _stop = make_events("a long word" * 1000)
    meter = StreamMeter()
    meter.feed(b"".join(events))
    assert meter.usage_so_far == make_usage(20, 10)


def test_a_signature_is_no_part_of_what_was_written():
    start, *_ = make_events()
    signature = {"type": "signature_delta", "signature": "x" * 4000}
    meter = StreamMeter()
    meter.feed(start + make_event("content_block_delta", index=0, delta=signature))
    assert meter.usage_so_far == make_usage(20, 1)


def test_nothing_is_estimated_before_a_message_begins():
    assert StreamMeter().usage_so_far is None
