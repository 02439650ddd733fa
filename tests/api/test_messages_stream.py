"""`POST /v1/messages` with `stream`: live events, replayed drafts, a held line."""

from __future__ import annotations

import gzip
import threading

import httpx
import msgspec
import pytest

from routing.sse import EventSplitter, event_data, event_name
from tests.builders import DRAFT, VERIFIER, make_events
from tests.fakes import EVENTS, JSON, HttpAnswer, message_bytes, sent_json

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
OVERLOADED = b'{"type":"error","error":{"type":"overloaded_error","message":"m"}}'


def stream(model, *texts, **options):
    events = make_events(*(texts or ("4", "2")), model=model)
    return HttpAnswer(**{"headers": EVENTS, "chunks": events} | options)


def stream_bytes(model, *texts):
    return b"".join(make_events(*(texts or ("4", "2")), model=model))


def events_in(body):
    return EventSplitter().feed(body)


def error_in(event):
    assert event_name(event) == "error"
    return msgspec.json.decode(event_data(event))["error"]


# --- Live -----------------------------------------------------------------------------


def test_streams_the_provider_event_by_event(proxy, upstream):
    upstream.script(VERIFIER, stream(VERIFIER))
    got = proxy.ask(stream=True)
    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-length" not in got.headers
    events = make_events("4", "2", model=VERIFIER)
    for event in events[:-1]:
        assert next(got.chunks) == event
        assert proxy.decisions() == []
    assert next(got.chunks) == events[-1]
    assert proxy.decision.calls[0].usage.output_tokens == 10
    assert next(got.chunks, None) is None
    got.close()
    assert not proxy.decision.aborted


def test_streams_an_escalation_live(proxy, upstream):
    proxy.add_rule(prior=0.45)
    draft, verifier = stream(DRAFT), stream(VERIFIER)
    upstream.script(DRAFT, draft)
    upstream.script(VERIFIER, verifier)
    got = proxy.ask(stream=True)
    assert draft.closed
    assert sent_json(upstream.requests[0])["stream"] is True
    assert got.headers["x-cascade-reason"] == "low_confidence"
    assert got.body == stream_bytes(VERIFIER)
    assert verifier.closed
    assert (proxy.decision.outcome, proxy.decision.stream) == ("escalated", True)


def test_serves_an_accepted_draft_from_its_own_events(proxy, upstream):
    proxy.add_rule()
    upstream.script(DRAFT, stream(DRAFT))
    got = proxy.ask(stream=True)
    wanted = stream_bytes(DRAFT).replace(DRAFT.encode(), VERIFIER.encode())
    assert got.body == wanted
    assert got.headers["content-type"] == EVENTS[0][1]
    assert got.headers["x-cascade-outcome"] == "accepted"
    assert proxy.decision.outcome == "accepted"


def test_leaves_the_served_model_in_the_events_when_the_rule_says_so(proxy, upstream):
    proxy.add_rule(response_model="served")
    upstream.script(DRAFT, stream(DRAFT))
    assert proxy.ask(stream=True).body == stream_bytes(DRAFT)


def test_names_another_verifier_as_it_was_asked_for(proxy, upstream):
    proxy.add_rule(prior=0.45, verifier_model="verifier-other")
    upstream.script(DRAFT, stream(DRAFT))
    upstream.script("verifier-other", stream("verifier-other", "verifier-other"))
    got = proxy.ask(stream=True)
    assert got.body == stream_bytes("verifier-other", "verifier-other").replace(
        b"verifier-other", VERIFIER.encode(), 1
    )


def test_a_compressed_stream_is_passed_on_as_it_is(proxy, upstream):
    body = gzip.compress(stream_bytes(VERIFIER))
    headers = (*EVENTS, ("content-encoding", "gzip"))
    upstream.script(VERIFIER, HttpAnswer(headers=headers, chunks=[body[:9], body[9:]]))
    got = proxy.ask(stream=True)
    assert (got.body, got.headers["content-encoding"]) == (body, "gzip")
    assert proxy.decision.calls[0].usage.output_tokens == 10


def test_an_error_instead_of_a_stream_is_relayed(proxy, upstream):
    upstream.script(VERIFIER, HttpAnswer(status=529, chunks=[OVERLOADED]))
    got = proxy.ask(stream=True)
    assert (got.status, got.body) == (529, OVERLOADED)
    assert got.headers["content-type"] == "application/json"


def test_says_when_the_provider_cannot_be_asked(proxy, upstream):
    proxy.add_rule()
    upstream.script(DRAFT, httpx.ConnectError("refused"))
    upstream.script(VERIFIER, httpx.ConnectError("refused"))
    got = proxy.ask(stream=True)
    assert (got.status, got.json["error"]["type"]) == (502, "api_error")


def test_a_stream_that_breaks_between_events_ends_with_an_error(proxy, upstream):
    events = make_events("4", model=VERIFIER)[:3]
    broken = [*events, httpx.ReadTimeout("stalled")]
    upstream.script(VERIFIER, stream(VERIFIER, chunks=broken))
    *passed, last = events_in(proxy.ask(stream=True).body)
    assert passed == events
    assert error_in(last)["type"] == "timeout_error"
    assert proxy.decision.calls[0].usage.output_tokens == 1
    assert not proxy.decision.aborted


def test_a_stream_that_breaks_inside_an_event_is_cut(proxy, upstream):
    events = make_events("4", model=VERIFIER)
    broken = HttpAnswer(headers=EVENTS, chunks=[*events[:2], events[2][:9]])
    upstream.script(VERIFIER, broken)
    got = proxy.ask(stream=True)
    with pytest.raises(Exception, match="broke off"):
        _ = got.body
    assert broken.closed
    assert proxy.decision.calls[0].usage.output_tokens == 1


@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_a_client_that_leaves_closes_upstream_and_is_recorded(proxy, upstream, chunks):
    answer = stream(VERIFIER)
    upstream.script(VERIFIER, answer)
    got = proxy.ask(stream=True)
    for _ in range(chunks):
        next(got.chunks)
    got.close()
    assert answer.closed
    assert proxy.decision.aborted
    told = proxy.decision.calls[0].usage
    assert (told.output_tokens if told else 0) == min(chunks, 1)
    assert (proxy.decision.first_byte_ms is None) is (chunks == 0)


# --- Held -----------------------------------------------------------------------------


@pytest.fixture
def held(proxy, upstream, settings):
    """A cascaded stream whose draft takes longer than the line is held silent."""
    settings.CASCADE_HOLD_S = 0
    settings.CASCADE_PING_S = 0
    wait = threading.Event()

    def ask(draft=None, verifier=None, **terms):
        proxy.add_rule(**terms)
        if isinstance(draft, HttpAnswer):
            draft.wait = wait
        upstream.script(DRAFT, draft)
        if verifier is not None:
            upstream.script(VERIFIER, verifier)
        return proxy.ask(stream=True)

    ask.decide = wait.set
    yield ask
    wait.set()


def after_pings(got, held):
    assert next(got.chunks) == PING
    held.decide()
    body = got.body
    while body.startswith(PING):
        body = body.removeprefix(PING)
    return body


def test_pings_a_client_that_waits_long_and_then_answers(held, proxy):
    got = held(stream(DRAFT))
    assert got.status == 200
    assert got.headers["content-type"] == "text/event-stream"
    assert proxy.decisions() == []
    wanted = stream_bytes(DRAFT).replace(DRAFT.encode(), VERIFIER.encode())
    assert after_pings(got, held) == wanted
    assert proxy.decision.outcome == "accepted"
    assert proxy.decision.decision_id == got.headers["x-cascade-decision"]


def test_an_escalation_streams_after_the_pings(held, proxy):
    got = held(stream(DRAFT), stream(VERIFIER), prior=0.45)
    assert after_pings(got, held) == stream_bytes(VERIFIER)
    assert proxy.decision.outcome == "escalated"


def test_an_error_after_the_pings_becomes_an_event(held, proxy):
    overloaded = HttpAnswer(status=529, headers=JSON, chunks=[OVERLOADED])
    got = held(stream(DRAFT), overloaded, prior=0.45)
    (event,) = events_in(after_pings(got, held))
    assert event_data(event) == OVERLOADED
    assert proxy.decision.status == 529


def test_our_own_error_after_the_pings_becomes_an_event(held, proxy):
    got = held(stream(DRAFT), httpx.ConnectError("refused"), prior=0.45)
    (event,) = events_in(after_pings(got, held))
    assert error_in(event)["type"] == "api_error"
    assert proxy.decision.status == 502


def test_a_whole_answer_after_the_pings_cannot_be_told(held):
    whole = HttpAnswer(chunks=[message_bytes(model=VERIFIER)])
    got = held(stream(DRAFT), whole, prior=0.45)
    (event,) = events_in(after_pings(got, held))
    assert "cannot be read" in error_in(event)["message"]


def test_a_held_stream_whose_client_leaves_is_closed_once_it_is_decided(held, proxy):
    verifier = stream(VERIFIER)
    got = held(stream(DRAFT), verifier, prior=0.45)
    assert next(got.chunks) == PING
    got.close()
    assert proxy.decisions() == []
    held.decide()
    for thread in threading.enumerate():
        if thread.name == "cascade":
            thread.join(timeout=10)
    assert proxy.decision.aborted
    assert [call.role for call in proxy.decision.calls] == ["draft"], "nobody waits"


def test_only_a_cascaded_stream_is_held(proxy, upstream, monkeypatch):
    monkeypatch.setattr("routing.responses.in_background", None)
    proxy.add_rule()
    upstream.script("other", stream("other"))
    upstream.script(DRAFT, HttpAnswer(chunks=[message_bytes(model=DRAFT)]))
    assert proxy.ask(stream=True, model="other").body == stream_bytes("other")
    assert proxy.ask().status == 200


def test_a_stream_the_provider_cuts_is_no_success_in_the_books(proxy, upstream):
    upstream.script(
        VERIFIER,
        HttpAnswer(headers=EVENTS, chunks=make_events("4", model=VERIFIER)[:-2]),
    )
    assert proxy.ask(stream=True).body
    assert (proxy.decision.status, proxy.decision.aborted) == (502, False)


def test_an_error_event_is_recorded_under_the_status_it_stands_for(proxy, upstream):
    events = make_events("4", model=VERIFIER)[:2]
    failing = [*events, b"event: error\ndata: " + OVERLOADED + b"\n\n"]
    upstream.script(VERIFIER, HttpAnswer(headers=EVENTS, chunks=failing))
    assert proxy.ask(stream=True).body == b"".join(failing)
    assert proxy.decision.status == 529
