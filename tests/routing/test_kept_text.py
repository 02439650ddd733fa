"""Which decisions keep their text, and what is heard of an answer for it."""

from __future__ import annotations

import random

import pytest

from routing import listening
from routing.kept_text import NOT_HEARD, collector_for, text_of
from routing.streams import MessageFolder
from tests.builders import make_events, make_request, make_terms
from tests.fakes import EVENTS, FakeReply, message_bytes, streamed, whole


def heard_of(reply, *, streamed):
    listened, heard = listening.heard(
        reply, make_request(), streamed=streamed, dialect="anthropic"
    )
    return b"".join(listened), text_of(heard)


def test_a_rule_keeps_none_unless_it_says_so():
    assert collector_for(make_terms(), draw=lambda: 0.0) is None


def test_a_rule_that_keeps_all_keeps_every_one():
    draw = random.Random(7).random  # noqa: S311
    kept = [collector_for(make_terms(text_share=1.0), draw=draw) for _ in range(500)]
    assert all(kept)


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5])
def test_a_share_is_drawn_at_random_for_each_decision(share):
    draw, count = random.Random(7).random, 20_000  # noqa: S311
    terms = make_terms(text_share=share)
    kept = sum(collector_for(terms, draw=draw) is not None for _ in range(count))
    assert kept == pytest.approx(share * count, rel=0.25)


@pytest.mark.parametrize("is_stream", [True, False])
def test_an_answer_is_passed_on_byte_for_byte_and_heard(is_stream):
    if is_stream:
        sent, reply = b"".join(make_events("4", "2")), streamed("4", "2", model="m")
        sent = b"".join(make_events("4", "2", model="m"))
    else:
        sent, reply = message_bytes("42", model="m"), whole("42", model="m")
    assert heard_of(reply, streamed=is_stream) == (sent, "42")


def test_a_stream_that_breaks_off_is_heard_so_far():
    reply = FakeReply(*make_events("4", "2")[:3], headers=EVENTS)
    _, text = heard_of(reply, streamed=True)
    assert text == "4"


def test_an_answer_that_is_none_is_no_text():
    for reply, is_stream in [
        (FakeReply(b'{"type":"error"}', status=529), False),
        (FakeReply(b"<html>"), False),
        (FakeReply(b"nonsense", headers=EVENTS), True),
    ]:
        assert heard_of(reply, streamed=is_stream)[1] is None


def test_what_is_packed_in_a_way_we_do_not_know_is_not_listened_to():
    reply = FakeReply(b"?", headers=(("content-encoding", "odd"),))
    assert listening.heard(
        reply, make_request(), streamed=False, dialect="anthropic"
    ) == (reply, None)


@pytest.mark.parametrize("bound", ["MAX_READ_BYTES", "MAX_OPENINGS"])
def test_past_a_bound_it_hears_no_more_and_passes_all_on(monkeypatch, bound):
    events = make_events("one ", *["two "] * 50)
    limit = sum(map(len, events[:3])) if bound == "MAX_READ_BYTES" else 20
    monkeypatch.setattr(listening, bound, limit)
    passed, text = heard_of(FakeReply(*events, headers=EVENTS), streamed=True)
    assert passed == b"".join(events)
    assert text.startswith("one ")
    assert text.endswith(NOT_HEARD)
    assert text.count("two") < 50


def test_a_whole_answer_past_the_bound_says_so(monkeypatch):
    monkeypatch.setattr(listening, "MAX_READ_BYTES", 10)
    _, text = heard_of(whole(model="m"), streamed=False)
    assert text == NOT_HEARD


def test_trouble_in_listening_breaks_no_answer(monkeypatch):
    def fail(_folder, _event):
        raise RuntimeError("planted")

    monkeypatch.setattr(MessageFolder, "add", fail)
    passed, _ = heard_of(streamed("4", model="m"), streamed=True)
    assert passed == b"".join(make_events("4", model="m"))
