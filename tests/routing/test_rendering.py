"""How an answer is put to its client: every byte, or in another dialect."""

from __future__ import annotations

import msgspec
import pytest

from routing.dialects.openai import parse_request
from routing.rendering import Rendering, rendering_for
from routing.replaying import replay
from tests.builders import VERIFIER, make_completion, make_event, make_request
from tests.fakes import EVENTS, every_cut, message_bytes
from tests.routing.translating.speaking import DONE, USAGE, chunk

ACROSS = Rendering(client="openai", created=1, include_usage=True)
CHUNKS = [chunk(content="4"), chunk("stop"), chunk(usage=USAGE), DONE]
STREAM = b"".join(CHUNKS)


def test_the_same_dialect_is_left_alone():
    body = message_bytes(model=VERIFIER)
    assert Rendering().whole(body, 200) == body
    assert b"".join(Rendering().live([STREAM])) == STREAM
    assert Rendering().headers(EVENTS, streamed=True) == EVENTS
    assert Rendering().status(529) == 529


def test_every_chunk_of_a_stream_names_the_model_asked_for():
    rendering = Rendering(answer="openai", client="openai", name="alias")
    for first, second in every_cut(STREAM):
        told = b"".join(rendering.live([first, second]))
        assert told == STREAM.replace(b'"small"', b'"alias"')


def test_a_chunk_we_asked_for_stays_here():
    rendering = Rendering(answer="openai", client="openai", keeps_usage=True)
    told = b"".join(rendering.live(CHUNKS))
    assert told == b"".join([CHUNKS[0], CHUNKS[1], DONE])


@pytest.mark.parametrize("name", [None, "alias"])
def test_another_dialect_is_translated_wherever_it_is_cut(name):
    events = b"".join(replay(make_completion(model=VERIFIER).message))
    rendering = Rendering(client="openai", created=1, name=name)
    wanted = b"".join(rendering.live([events]))
    assert wanted.endswith(DONE)
    assert (name or VERIFIER).encode() in wanted
    for first, second in every_cut(events):
        assert b"".join(rendering.live([first, second])) == wanted


def test_what_is_no_message_is_an_error_there():
    told = msgspec.json.decode(ACROSS.whole(b"<html>", 502))
    assert told["error"]["message"] == "The provider answered 502."


def test_headers_of_one_account_do_not_cross():
    headers = (
        *EVENTS,
        ("request-id", "req_1"),
        ("anthropic-ratelimit-requests-limit", "4"),
        ("retry-after", "2"),
    )
    assert ACROSS.headers(headers, streamed=True) == (
        ("content-type", "text/event-stream; charset=utf-8"),
        ("x-request-id", "req_1"),
        ("retry-after", "2"),
    )


def test_an_event_without_end_passes_as_it_is(monkeypatch):
    monkeypatch.setattr("routing.rendering.MAX_EVENT_BYTES", 50)
    endless = [b"data: " + b"x" * 60, b"y" * 10]
    assert b"".join(ACROSS.live(endless)) == b"".join(endless)


def test_the_request_says_who_reads():
    body = {"model": "m", "messages": [], "stream_options": {"include_usage": True}}
    asked = parse_request(msgspec.json.encode(body), headers=())
    across = rendering_for(asked, "anthropic")
    assert (across.crosses, across.include_usage) == (True, True)
    assert not rendering_for(asked, "openai").crosses
    assert not rendering_for(make_request(), "anthropic").crosses


def test_pings_become_comments():
    assert b"".join(ACROSS.live([make_event("ping")])) == b": ping\n\n"
