"""A client that has left: nobody else is asked, and what was spent is recorded."""

from __future__ import annotations

import threading

import httpx
import pytest

from tests.builders import DRAFT, VERIFIER, make_body, make_events
from tests.fakes import EVENTS, HttpAnswer, message_bytes


@pytest.fixture
def leaving(watch):
    """Chunks of an answer whose client leaves after them."""

    def leaving(*chunks):
        yield from chunks
        watch.ticket.gone = True
        yield httpx.ReadError("shut down")

    return leaving


def test_asks_nobody_when_the_client_left_first(proxy, upstream, watch):
    watch.ticket.gone = True
    for stream in (False, True):
        proxy.ask(stream=stream).close()
    assert upstream.requests == []
    assert [d.aborted for d in proxy.decisions()] == [True, True]
    assert [d.cost_nusd for d in proxy.decisions()] == [0, 0]


@pytest.mark.parametrize("stream", [False, True])
def test_does_not_escalate_when_the_client_leaves_the_draft(
    proxy, upstream, leaving, stream
):
    proxy.add_rule()
    headers = EVENTS if stream else HttpAnswer().headers
    chunks = make_events("4")[:2] if stream else [b"{"]
    draft = HttpAnswer(headers=headers, chunks=leaving(*chunks))
    upstream.script(DRAFT, draft)
    got = proxy.ask(stream=stream)
    assert (got.status, got.body) == (499, b"")
    assert upstream.models == [DRAFT]
    assert draft.closed
    decision = proxy.decision
    assert (decision.aborted, decision.served_model, decision.status) == (True, "", 499)
    assert [call.role for call in decision.calls] == ["draft"]
    assert (decision.calls[0].usage is not None) is stream


def test_does_not_escalate_when_the_client_left_after_the_draft(proxy, upstream, watch):
    def last_words():
        yield message_bytes(model=DRAFT)
        watch.ticket.gone = True

    proxy.add_rule(prior=0.45)
    upstream.script(DRAFT, HttpAnswer(chunks=last_words()))
    proxy.ask().close()
    assert upstream.models == [DRAFT]
    assert proxy.decision.aborted


def test_a_draft_accepted_for_nobody_is_aborted(proxy, upstream, watch):
    def last_words():
        yield message_bytes(model=DRAFT)
        watch.ticket.gone = True

    proxy.add_rule()
    upstream.script(DRAFT, HttpAnswer(chunks=last_words()))
    proxy.ask().close()
    assert (proxy.decision.aborted, proxy.decision.outcome) == (True, "accepted")


def test_a_live_stream_ends_when_its_client_leaves(proxy, upstream, leaving):
    verifier = HttpAnswer(headers=EVENTS, chunks=leaving(*make_events("4")[:3]))
    upstream.script(VERIFIER, verifier)
    got = proxy.ask(stream=True)
    assert got.body == b"".join(make_events("4")[:3])
    assert verifier.closed
    assert proxy.decision.aborted
    assert proxy.decision.calls[0].usage.output_tokens == 1


def test_a_held_stream_ends_when_its_client_leaves(proxy, upstream, leaving, settings):
    settings.CASCADE_HOLD_S = settings.CASCADE_PING_S = 0
    wait = threading.Event()
    proxy.add_rule()
    upstream.script(DRAFT, HttpAnswer(headers=EVENTS, chunks=leaving(), wait=wait))
    got = proxy.ask(stream=True)
    ping = next(got.chunks)
    wait.set()
    assert got.body.replace(ping, b"") == b""
    assert upstream.models == [DRAFT]
    assert proxy.decision.aborted


@pytest.mark.parametrize("stream", [False, True])
def test_lets_go_of_every_client_once_it_is_answered(proxy, upstream, watch, stream):
    upstream.script(
        VERIFIER,
        HttpAnswer(chunks=[message_bytes(model=VERIFIER)])
        if not stream
        else HttpAnswer(headers=EVENTS, chunks=make_events("4")),
    )
    got = proxy.ask(stream=stream)
    assert bool(watch.removed) is not stream, "a stream is watched to its end"
    assert got.body
    assert set(watch.removed) == {watch.ticket}


def test_a_client_that_leaves_while_tokens_are_counted_is_no_surprise(
    proxy, upstream, watch, caplog
):
    watch.ticket.gone = True
    got = proxy.post(make_body(), "/v1/messages/count_tokens")
    assert (got.status, got.body) == (499, b"")
    assert upstream.requests == []
    assert [r for r in caplog.records if r.levelname == "ERROR"] == []
