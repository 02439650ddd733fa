"""What an answer that is passed on tells of its cost and its end."""

from __future__ import annotations

import msgspec
import pytest

from routing.translating.meters import ChatMeter, tells_usage_alone, usage_in_answer
from tests.fakes import every_cut
from tests.routing.translating.speaking import DONE, USAGE, chat_answer, chunk, chunk_of

STREAM = b"".join([chunk(content="4"), chunk("stop"), chunk(usage=USAGE), DONE])


def metered(*chunks):
    meter = ChatMeter(lambda: 7)
    for one in chunks:
        meter.feed(one)
    return meter


def test_a_whole_stream_tells_its_usage_wherever_it_is_cut():
    for first, second in every_cut(STREAM):
        meter = metered(first, second)
        assert (meter.complete, meter.error, meter.mid_event) == (True, None, False)
        assert meter.usage is not None
        assert meter.usage.prompt_tokens == 20


def test_before_anything_came_nothing_is_known():
    assert metered().usage is None


def test_without_usage_it_is_estimated_and_marked():
    usage = metered(chunk(content="4"), DONE).usage
    assert usage is not None
    assert (usage.input_tokens, usage.unpriced) == (7, "estimated")


def test_who_leaves_early_is_counted_what_was_heard():
    usage = metered(*[chunk(content="four")] * 300).usage_so_far
    assert usage is not None
    assert 300 <= usage.output_tokens <= 900


def test_a_finish_is_an_end_where_nothing_follows():
    assert not metered(chunk(content="4")).ended
    assert metered(chunk("stop")).ended
    assert not metered(chunk("stop"), b"data: {").ended


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error": {"message": "busy"}}\n\n',
        b'event: error\ndata: {"type": "error", "message": "busy"}\n\n',
    ],
)
def test_an_error_is_noticed(event):
    assert metered(event).error == {"type": "api_error", "message": "busy"}


def test_a_response_ends_with_its_usage():
    usage = {"input_tokens": 5, "output_tokens": 2}
    told = {"type": "response.completed", "response": {"usage": usage}}
    meter = metered(b"data: " + msgspec.json.encode(told) + b"\n\n")
    assert meter.complete
    assert meter.usage is not None
    assert meter.usage.prompt_tokens == 5


def test_what_is_like_no_answer_is_not_looked_at(monkeypatch):
    monkeypatch.setattr("routing.metering.MAX_EVENTS", 2)
    meter = metered(*[chunk(content="4")] * 3, DONE)
    assert meter.lost
    assert not meter.complete


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error": {}}', b'{"choices": 1}'])
def test_what_is_no_answer_tells_nothing(body):
    assert usage_in_answer(body, lambda: 7) == (False, None)


def test_a_whole_answer_without_usage_is_estimated():
    body = msgspec.json.encode(chat_answer(usage=None))
    is_answer, usage = usage_in_answer(body, lambda: 7)
    assert is_answer
    assert usage is not None
    assert usage.unpriced == "estimated"


def test_only_a_chunk_of_usage_alone_is_one():
    assert tells_usage_alone(chunk(usage=USAGE))
    assert not tells_usage_alone(chunk(content="the usage"))
    assert not tells_usage_alone(chunk_of([], usage=None))
    assert not tells_usage_alone(DONE)
