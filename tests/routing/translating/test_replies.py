"""An open reply of a Chat Completions server, read as one of the Messages API."""

from __future__ import annotations

import gzip

import msgspec
import pytest

from routing.errors import StreamInterrupted
from routing.sse import EventSplitter
from routing.streams import fold, parse_message
from routing.translating.chunks_to_events import ChunkTranslator
from routing.translating.replies import TranslatedReply
from tests.fakes import EVENTS, JSON, FakeReply, every_cut
from tests.routing.translating.speaking import DONE, USAGE, chat_answer, chunk

STREAM = b"".join([chunk(content="4"), chunk("stop"), chunk(usage=USAGE), DONE])
ANSWER = msgspec.json.encode(chat_answer())


def translated(*chunks, stream=False, status=200, headers=None):
    kind = EVENTS if stream else JSON
    reply = FakeReply(*chunks, status=status, headers=headers or kind)
    return TranslatedReply(reply, stream=stream, prompt_tokens=7)


def text_in(reply):
    completion = fold(EventSplitter().feed(b"".join(reply)))
    assert completion is not None
    return completion.text


def test_a_whole_answer_is_a_message():
    reply = translated(ANSWER)
    completion = parse_message(b"".join(reply))
    assert completion is not None
    assert completion.text == "4"
    assert dict(reply.headers)["content-type"] == "application/json"


def test_a_stream_is_events_wherever_it_is_cut():
    wanted = b"".join(translated(STREAM, stream=True))
    for first, second in every_cut(STREAM):
        assert b"".join(translated(first, second, stream=True)) == wanted


def test_a_last_event_without_its_end_is_read():
    assert b"message_stop" in b"".join(translated(STREAM.strip(), stream=True))


def test_a_stream_that_breaks_off_has_no_end():
    told = b"".join(translated(chunk(content="4"), stream=True))
    assert b"message_stop" not in told


def test_a_whole_answer_to_who_wants_a_stream_is_told_in_events():
    assert text_in(translated(ANSWER, stream=True, headers=JSON)) == "4"


def test_a_compressed_answer_is_read():
    headers = (*JSON, ("content-encoding", "gzip"))
    reply = translated(gzip.compress(ANSWER), headers=headers)
    assert parse_message(b"".join(reply)) is not None
    assert "content-encoding" not in dict(reply.headers)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"choices":[]}'])
def test_what_is_no_answer_is_interrupted(body):
    with pytest.raises(StreamInterrupted):
        list(translated(body))


def test_an_error_is_in_our_envelope_and_keeps_what_clients_act_on():
    headers = (
        *JSON,
        ("retry-after", "3"),
        ("x-request-id", "req_theirs"),
        ("openai-organization", "org"),
    )
    reply = translated(b'{"error": "busy"}', status=429, stream=True, headers=headers)
    assert msgspec.json.decode(b"".join(reply))["error"]["type"] == "rate_limit_error"
    assert reply.headers == (
        ("content-type", "application/json"),
        ("retry-after", "3"),
        ("request-id", "req_theirs"),
    )


def test_an_event_without_end_is_interrupted(monkeypatch):
    monkeypatch.setattr("routing.translating.replies.MAX_EVENT_BYTES", 10)
    with pytest.raises(StreamInterrupted):
        list(translated(b"data: " + b"x" * 20, stream=True))


def test_an_answer_of_nothing_but_brackets_is_interrupted(monkeypatch):
    monkeypatch.setattr("routing.openings.MAX_OPENINGS", 10)
    with pytest.raises(StreamInterrupted):
        list(translated(b"[" * 20))


@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities_are_kept_beside_the_answer(stream):
    told = {"content": [{"token": "4", "logprob": -0.5}, {"token": ".", "logprob": -1}]}
    answer = chat_answer()
    answer["choices"][0]["logprobs"] = told
    body = msgspec.json.encode(answer)
    if stream:
        delta = {"index": 0, "delta": {"content": "4"}, "logprobs": told}
        one = {"id": "c", "choices": [delta]}
        body = b"data: " + msgspec.json.encode(one) + b"\n\n" + chunk("stop") + DONE
    reply = translated(body, stream=stream)
    assert b"logprob" not in b"".join(reply)
    assert reply.logprobs == (-0.5, -1.0)


class Counted(list[float]):
    """A list that knows how often it was gone through."""

    passes = 0

    def __iter__(self):
        self.passes += 1
        return super().__iter__()


def test_they_are_copied_once_when_they_are_asked_for(monkeypatch):
    kept = Counted()

    class Translator(ChunkTranslator):
        def __init__(self, **options):
            super().__init__(**options)
            self.logprobs = kept

    monkeypatch.setattr("routing.translating.replies.ChunkTranslator", Translator)
    told = {"content": [{"token": "4", "logprob": -0.5}]}
    one = {"id": "c", "choices": [{"index": 0, "delta": {}, "logprobs": told}]}
    raw = b"data: " + msgspec.json.encode(one) + b"\n\n"
    reply = translated(*[raw] * 5, stream=True)
    list(reply)
    assert reply.logprobs == (-0.5,) * 5
    assert kept.passes == 1
