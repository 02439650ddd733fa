"""What goes out while it comes in: bytes unchanged, ends told apart, all closed."""

from __future__ import annotations

import gzip
import queue
import threading
import time

import pytest

from routing.answers import (
    HeldAnswer,
    LiveAnswer,
    ReadyAnswer,
    ReleasingBody,
)
from routing.background import in_background
from routing.errors import ClientGone, StreamInterrupted, UpstreamTimeout
from routing.outcome import OpenCall, Outcome
from routing.rendering import Rendering, renamed
from routing.types import CascadePlan
from tests.builders import (
    VERIFIER,
    make_event,
    make_events,
    make_target,
    make_usage,
)
from tests.fakes import EVENTS, FakeReply, every_cut

PLAN = CascadePlan(verifier=make_target())
EVENT_LIST = make_events("4", "2", model=VERIFIER)
STREAM = b"".join(EVENT_LIST)
ERROR_EVENT = b"event: error\ndata: {}\n\n"
GZIP = (*EVENTS, ("content-encoding", "gzip"))


class Relay:
    """A live answer and everything it tells while it is read."""

    def __init__(self, *chunks, headers=EVENTS, rename_to=None) -> None:
        self.reply = FakeReply(*chunks, headers=headers)
        self.story: list[str] = []
        self.ends = []
        self.waits_ms: list[float] = []
        self.sent = b""
        call = OpenCall(
            target=make_target(),
            reply=self.reply,
            started=time.monotonic(),
            waited_ms=1.0,
        )
        self.answer = LiveAnswer(
            call,
            rendering=Rendering(name=rename_to),
            render_error=self._render,
            on_first=self.waits_ms.append,
            on_end=self._end,
        )

    def read(self, at_most: int = 10_000) -> bytes:
        for chunk, _ in zip(self.answer, range(at_most), strict=False):
            self.story.append("sent")
            self.sent += chunk
        return self.sent

    def _render(self, error) -> bytes:
        self.story.append(type(error).__name__)
        return ERROR_EVENT

    def _end(self, end) -> None:
        self.story.append("recorded")
        self.ends.append(end)


def test_passes_a_stream_on_unchanged_wherever_it_is_cut():
    for first, second in every_cut(STREAM):
        relay = Relay(first, second)
        assert relay.read() == STREAM
        assert [end.aborted for end in relay.ends] == [False]
        assert relay.ends[0].call.usage == make_usage(20, 10)


def test_passes_every_chunk_on_as_it_comes():
    relay = Relay(*EVENT_LIST)
    assert list(relay.answer) == EVENT_LIST


def test_records_before_the_last_event_goes_out_and_only_once():
    relay = Relay(*EVENT_LIST)
    relay.read()
    relay.answer.close()
    assert relay.story == ["sent"] * (len(EVENT_LIST) - 1) + ["recorded", "sent"]
    assert relay.reply.closed


def test_tells_how_long_the_first_byte_was_waited_for():
    relay = Relay(*EVENT_LIST)
    relay.read(at_most=1)
    assert relay.waits_ms[0] >= 0


def test_closing_before_the_first_chunk_closes_upstream_and_records_the_abort():
    relay = Relay(*EVENT_LIST)
    relay.answer.close()
    assert relay.reply.closed
    (end,) = relay.ends
    assert end.aborted
    assert (end.call.status, end.call.usage, end.call.cut_off) == (200, None, True)


def test_closing_in_the_middle_records_the_usage_so_far():
    relay = Relay(*EVENT_LIST)
    relay.read(at_most=2)
    relay.answer.close()
    relay.answer.close()
    (end,) = relay.ends
    assert end.aborted
    assert end.call.usage == make_usage(20, 1)
    assert list(relay.answer) == [], "nothing comes after close"


def test_a_client_that_leaves_ends_the_stream_quietly():
    relay = Relay(*EVENT_LIST[:3], ClientGone())
    assert relay.read() == b"".join(EVENT_LIST[:3])
    (end,) = relay.ends
    assert end.aborted
    assert end.call.usage == make_usage(20, 1)
    assert relay.reply.closed


@pytest.mark.parametrize("length", range(len(EVENT_LIST)))
def test_a_stream_that_ends_between_events_without_its_end_gets_an_error(length):
    relay = Relay(*EVENT_LIST[:length])
    assert relay.read() == b"".join(EVENT_LIST[:length]) + ERROR_EVENT
    assert relay.story[-3:] == ["recorded", "StreamInterrupted", "sent"]
    assert [end.aborted for end in relay.ends] == [False]


@pytest.mark.parametrize("failure", [StreamInterrupted("cut"), UpstreamTimeout("slow")])
def test_a_stream_that_breaks_between_events_gets_its_error(failure):
    relay = Relay(*EVENT_LIST[:3], failure)
    assert relay.read() == b"".join(EVENT_LIST[:3]) + ERROR_EVENT
    assert type(failure).__name__ in relay.story
    assert relay.ends[0].call.usage == make_usage(20, 1)
    assert next(relay.answer, None) is None


@pytest.mark.parametrize("failure", [StreamInterrupted("cut"), None])
def test_a_stream_that_breaks_inside_an_event_cuts_the_connection(failure):
    cut_short = [*EVENT_LIST[:3], EVENT_LIST[3][:-1]]
    relay = Relay(*cut_short, *([failure] if failure else []))
    with pytest.raises(StreamInterrupted):
        relay.read()
    assert relay.sent == b"".join(cut_short)
    assert [end.aborted for end in relay.ends] == [False]
    relay.answer.close()
    assert relay.reply.closed
    assert len(relay.ends) == 1


def test_an_error_event_of_the_provider_is_an_end():
    events = [*EVENT_LIST[:2], make_event("error", error={"type": "overloaded_error"})]
    relay = Relay(*events)
    assert relay.read() == b"".join(events)
    assert relay.story == ["sent", "sent", "recorded", "sent"]


def test_what_follows_the_end_is_still_passed_on():
    relay = Relay(STREAM, b": bye\n\n")
    assert relay.read() == STREAM + b": bye\n\n"
    assert len(relay.ends) == 1


@pytest.mark.parametrize("size", [1, 13, 10_000])
def test_a_compressed_stream_is_metered_and_passed_on_as_it_came(size):
    body = gzip.compress(STREAM)
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    relay = Relay(*chunks, headers=GZIP, rename_to="alias")
    assert list(relay.answer) == chunks, "nothing waits for an event to be whole"
    assert relay.ends[0].call.usage == make_usage(20, 10)


@pytest.mark.parametrize("failure", [StreamInterrupted("cut"), None])
def test_a_compressed_stream_that_breaks_cuts_the_connection(failure):
    body = gzip.compress(b"".join(EVENT_LIST[:3]))
    relay = Relay(body, *([failure] if failure else []), headers=GZIP)
    with pytest.raises(StreamInterrupted):
        relay.read()
    assert relay.sent == body, "plain text inside a compressed body is noise"


@pytest.mark.parametrize("coding", ["novel", "gzip"])
def test_a_stream_it_cannot_read_ends_as_it_ends(coding):
    relay = Relay(b"\x0b\x02", headers=(*EVENTS, ("content-encoding", coding)))
    assert relay.read() == b"\x0b\x02"
    assert (relay.ends[0].aborted, relay.ends[0].call.usage) == (False, None)


def test_renames_only_the_message_start_wherever_it_is_cut():
    said = make_events(f'"model":"{VERIFIER}"', model=VERIFIER)
    stream = b": hello\n\n" + make_event("ping") + b"".join(said)
    wanted = stream.replace(VERIFIER.encode(), b"alias", 1)
    assert wanted != stream
    for first, second in every_cut(stream):
        relay = Relay(first, second, rename_to="alias")
        assert relay.read() == wanted
        assert len(relay.ends) == 1


def test_passes_what_comes_after_the_message_start_without_waiting():
    first, rest = EVENT_LIST[0], STREAM[len(EVENT_LIST[0]) :]
    chunks = [first + rest[:5], rest[5:9], rest[9:]]
    sent = list(renamed(chunks, VERIFIER))
    assert sent == [first, rest[:5], rest[5:9], rest[9:]]


@pytest.mark.parametrize("stream", [b"", b"no event", make_event("ping"), b": c\n\nx"])
def test_renames_nothing_in_a_stream_without_message_start(stream):
    assert b"".join(renamed([stream], "alias")) == stream


def test_ready_answers_give_their_chunks_once():
    answer = ReadyAnswer([b"a", b"b"])
    assert b"".join(answer) == b"ab"
    assert list(answer) == []
    answer.close()
    answer.close()


# --- Held -----------------------------------------------------------------------------

OUTCOME = Outcome(kind="pass_through", plan=PLAN)


class Held:
    """A held answer whose decision falls when the test says so."""

    def __init__(self, ping_s: float = 0.0) -> None:
        self.decide = threading.Event()
        self.failure: Exception | None = None
        self.bodies: queue.Queue[ReadyBody] = queue.Queue()
        self.pending = in_background(self._run, name="test")
        self.abandoned = threading.Event()
        self.answer = HeldAnswer(
            self.pending,
            ping=b"ping",
            ping_s=ping_s,
            answer=self._body,
            on_abandon=self.abandoned.set,
        )

    def fall(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.decide.set()

    def _run(self) -> Outcome:
        assert self.decide.wait(timeout=10)
        if self.failure:
            raise self.failure
        return OUTCOME

    def _body(self, outcome: Outcome):
        assert outcome is OUTCOME
        body = ReadyBody()
        self.bodies.put(body)
        return body


class ReadyBody(ReadyAnswer):
    def __init__(self) -> None:
        super().__init__([b"1", b"2"])
        self.closed = threading.Event()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def held():
    held = Held()
    yield held
    held.fall()


def test_pings_until_the_decision_falls_and_then_answers(held):
    assert [next(held.answer), next(held.answer)] == [b"ping", b"ping"]
    held.fall()
    held.pending.result(timeout=10)
    assert list(held.answer) == [b"1", b"2"]
    held.answer.close()
    assert held.bodies.get_nowait().closed.is_set()
    assert held.bodies.empty(), "there is one answer"


def test_waits_the_time_between_pings_for_the_decision():
    held = Held(ping_s=10)
    assert next(held.answer) == b"ping", "the first goes at once, with the headers"
    held.fall()
    assert list(held.answer) == [b"1", b"2"]


def test_a_client_that_leaves_before_the_decision_has_it_closed_when_it_falls(held):
    assert next(held.answer) == b"ping"
    held.answer.close()
    assert held.abandoned.is_set()
    assert held.bodies.empty()
    held.fall()
    assert held.bodies.get(timeout=10).closed.wait(timeout=10)


def test_a_decision_that_fell_before_a_client_left_is_closed_at_once(held):
    held.fall()
    held.pending.result(timeout=10)
    held.answer.close()
    assert held.bodies.get_nowait().closed.is_set()


@pytest.mark.parametrize("bug", [ZeroDivisionError, TimeoutError])
def test_an_error_in_the_background_is_raised_where_the_answer_is_read(held, bug):
    held.fall(bug("a bug"))
    assert held.pending.exception(timeout=10)
    with pytest.raises(bug):
        next(held.answer)


def test_lets_go_of_the_connection_before_the_body_is_closed():
    order = []

    class Body(ReadyAnswer):
        def close(self) -> None:
            order.append("closed")

    body = ReleasingBody(Body([b"1"]), lambda: order.append("released"))
    assert list(body) == [b"1"]
    body.close()
    assert order == ["released", "closed"]


def test_a_body_that_was_never_read_is_closed_as_well():
    relay = Relay(*EVENT_LIST)
    ReleasingBody(relay.answer, lambda: None).close()
    assert relay.reply.closed


@pytest.mark.parametrize(
    ("last", "failure"),
    [
        (StreamInterrupted("cut"), "interrupted"),
        (UpstreamTimeout("stalled"), "timeout"),
        (make_event("error", error={"type": "overloaded_error"}), "interrupted"),
        (make_event("error", error={"type": "invalid_request_error"}), ""),
    ],
)
def test_a_call_tells_how_its_provider_failed(last, failure):
    relay = Relay(EVENT_LIST[0], last)
    relay.read()
    assert relay.ends[0].call.failure == failure


def test_a_stream_nobody_can_count_is_passed_on_to_its_end(monkeypatch):
    monkeypatch.setattr("routing.metering.MAX_EVENTS", 5)
    flood = [*EVENT_LIST[:3], b"\n\n" * 20, *EVENT_LIST[3:]]
    relay = Relay(*flood)
    assert relay.read() == b"".join(flood)
    (end,) = relay.ends
    assert (end.failed_status, end.call.usage) == (None, make_usage(20, 1))


def test_a_compressed_flood_is_passed_on_as_it_came():
    flood = gzip.compress(b"\n" * 32 * 1024 * 1024)
    chunks = [flood[at : at + 16_384] for at in range(0, len(flood), 16_384)]
    relay = Relay(*chunks, headers=GZIP)
    assert list(relay.answer) == chunks
    assert [end.failed_status for end in relay.ends] == [None]


@pytest.mark.parametrize("first", [b"event: ping\ndata: x", b": a comment\n\n" * 9])
def test_renaming_waits_no_longer_than_an_answer_may_take_to_begin(monkeypatch, first):
    monkeypatch.setattr("routing.rendering.MAX_EVENT_BYTES", 50)
    monkeypatch.setattr("routing.rendering.MAX_EVENTS_BEFORE", 8)
    endless = [first, b"y" * 60, b"z", STREAM]
    sent = list(renamed(endless, "alias"))
    assert b"".join(sent) == b"".join(endless)
    assert sent[-2:] == [b"z", STREAM] or sent[-3:] == endless[1:]
