"""A draft is read to its end, or there is a reason why not; it never raises."""

from __future__ import annotations

import gzip
import time
from types import SimpleNamespace

import pytest

from routing import drafting
from routing.errors import (
    ClientGone,
    InvalidRequest,
    StreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from routing.openings import MAX_OPENINGS
from routing.sse import MAX_LINES, encode_event
from tests.builders import (
    DRAFT,
    make_delta,
    make_event,
    make_events,
    make_request,
    make_target,
    make_usage,
)
from tests.fakes import (
    EVENTS,
    JSON,
    FakeReply,
    ScriptedUpstream,
    message_bytes,
    streamed,
)
from tests.routing.test_codecs import ENCODERS

STREAM = b"".join(make_events("4", "2"))


def take(answer, *, request=None, **fields):
    upstream = ScriptedUpstream((DRAFT, answer))
    draft = drafting.take(
        request or make_request(**fields),
        make_target(DRAFT),
        upstream=upstream,
        timeout_s=3.0,
    )
    assert [asked.timeout_s for asked in upstream.asked] == [3.0]
    if isinstance(answer, FakeReply):
        assert answer.closed
    return draft


def test_keeps_the_bytes_of_a_whole_answer():
    body = message_bytes("42", model=DRAFT)
    draft = take(FakeReply(body[:9], body[9:]))
    assert draft.parts == (body,)
    assert draft.completion.text == "42"
    assert (draft.failure, draft.gone) == ("", False)
    assert (draft.calls[-1].role, draft.calls[-1].status) == ("draft", 200)
    assert draft.calls[-1].usage == make_usage(20, 10)
    assert not draft.calls[-1].cut_off


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_keeps_the_events_of_a_stream_however_they_are_cut(size):
    chunks = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    draft = take(FakeReply(*chunks, headers=EVENTS), stream=True)
    assert draft.parts == tuple(make_events("4", "2"))
    assert draft.completion.text == "42"
    assert draft.calls[-1].usage == make_usage(20, 10)


def test_keeps_what_follows_the_last_event():
    draft = take(FakeReply(STREAM, b": bye", headers=EVENTS), stream=True)
    assert b"".join(draft.parts) == STREAM + b": bye"


def test_keeps_the_headers_of_the_answer():
    headers = (*EVENTS, ("request-id", "req_draft"))
    draft = take(FakeReply(STREAM, headers=headers), stream=True)
    assert draft.headers == headers


@pytest.mark.parametrize(
    ("failure", "reason", "cut_off"),
    [
        (UpstreamUnreachable("refused"), "draft_error", False),
        (InvalidRequest("an API we do not speak"), "draft_error", False),
        (UpstreamTimeout("slow"), "draft_timeout", True),
    ],
)
def test_says_why_the_draft_could_not_be_asked(failure, reason, cut_off):
    draft = take(failure)
    assert (draft.failure, draft.gone, draft.completion) == (reason, False, None)
    assert (draft.calls[-1].status, draft.calls[-1].usage) == (None, None)
    assert draft.calls[-1].cut_off is cut_off


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [201, 400, 429, 500])
def test_does_not_judge_what_is_no_answer(status, stream):
    good = STREAM if stream else message_bytes(model=DRAFT)
    reply = FakeReply(good, status=status, headers=EVENTS if stream else JSON)
    draft = take(reply, stream=stream)
    assert (draft.failure, draft.calls[-1].status) == ("draft_error", status)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"type":"error"}', STREAM, b"\x1f\x8b\x08"]
)
def test_does_not_judge_a_whole_answer_it_cannot_read(body):
    assert take(FakeReply(body)).failure == "draft_error"


@pytest.mark.parametrize(
    ("stream", "headers"),
    [
        (False, EVENTS),
        (False, (("content-type", "text/plain"),)),
        (False, ()),
        (True, JSON),
        (True, ()),
    ],
)
def test_does_not_judge_an_answer_declared_as_something_else(stream, headers):
    good = STREAM if stream else message_bytes(model=DRAFT)
    assert take(FakeReply(good, headers=headers), stream=stream).failure


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        message_bytes(model=DRAFT),
        b"".join(make_events("4")[:-1]),
        b"".join(make_events("4")[1:]),
        b"".join([*make_events("4")[:-1], make_event("error", error={"type": "x"})]),
        b"".join([make_event("error", error={"type": "x"}), *make_events("4")]),
    ],
)
def test_does_not_judge_a_stream_that_is_not_whole(stream):
    assert take(FakeReply(stream, headers=EVENTS), stream=True).failure == "draft_error"


def test_counts_what_a_broken_stream_told_until_then():
    events = make_events("4")[:3]
    broken = FakeReply(*events, StreamInterrupted("cut"), headers=EVENTS)
    draft = take(broken, stream=True)
    assert draft.failure == "draft_error"
    assert draft.calls[-1].usage == make_usage(20, 1)
    assert draft.completion is None
    assert draft.parts == ()


def test_counts_what_a_slow_stream_told_until_then():
    slow = FakeReply(*make_events("4")[:3], UpstreamTimeout("total"), headers=EVENTS)
    draft = take(slow, stream=True)
    assert (draft.failure, draft.calls[-1].cut_off) == ("draft_timeout", True)
    assert draft.calls[-1].usage == make_usage(20, 1)


def test_what_a_slow_stream_wrote_is_paid_for_though_nobody_told_its_count():
    events = make_events("a word or two, and more. " * 100)[:3]
    slow = FakeReply(*events, UpstreamTimeout("total"), headers=EVENTS)
    usage = take(slow, stream=True).calls[-1].usage
    assert 500 <= usage.output_tokens <= 700


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_left_is_no_failure_of_the_draft(stream):
    headers = EVENTS if stream else JSON
    reply = FakeReply(STREAM[:40], ClientGone(), headers=headers)
    draft = take(reply, stream=stream)
    assert (draft.gone, draft.failure, draft.completion) == (True, "", None)
    assert draft.calls[-1].cut_off


def test_a_client_that_left_before_the_draft_was_asked_is_gone():
    draft = take(ClientGone(asked=False))
    assert (draft.gone, draft.calls[-1].status) == (True, None)
    assert not draft.calls[-1].cut_off, "it cost nothing"


@pytest.mark.parametrize("stream", [False, True])
def test_gives_up_on_a_draft_without_end(monkeypatch, stream):
    name = "MAX_DRAFT_STREAM_BYTES" if stream else "MAX_DRAFT_BYTES"
    monkeypatch.setattr(drafting, name, len(STREAM) - 1)
    headers = EVENTS if stream else JSON
    draft = take(FakeReply(STREAM[:9], STREAM[9:], headers=headers), stream=stream)
    assert draft.failure == "draft_error"


def test_takes_a_draft_of_just_the_limit(monkeypatch):
    monkeypatch.setattr(drafting, "MAX_DRAFT_STREAM_BYTES", len(STREAM))
    assert take(streamed("4", "2", model=DRAFT), stream=True).completion is not None


@pytest.mark.parametrize("stream", [False, True])
def test_does_not_build_what_a_few_bytes_stand_for(stream):
    bulk = b"[" + b"[]," * MAX_OPENINGS + b"[]]"
    body = b'{"type":"message","content":[],"x":%b}' % bulk
    if stream:
        body = encode_event("message_start", b'{"message":%b}' % body) + STREAM
    packed = gzip.compress(body)
    headers = (*(EVENTS if stream else JSON), ("content-encoding", "gzip"))
    draft = take(FakeReply(packed, headers=headers), stream=stream)
    assert (draft.completion, draft.failure) == (None, "draft_error")


def test_takes_a_stream_of_the_longest_answer():
    delta = make_delta(type="text_delta", text="{ } [ ]")
    events = [*make_events("4")[:2], *[delta] * 128_000, *make_events("4")[3:]]
    draft = take(FakeReply(b"".join(events), headers=EVENTS), stream=True)
    assert draft.completion is not None


def test_an_event_of_countless_lines_is_no_part_of_a_draft():
    odd = b"event: content_block_delta\n" + b"data\n" * MAX_LINES + b"\n"
    first, *rest = make_events("4")
    draft = take(FakeReply(first, odd, *rest, headers=EVENTS), stream=True)
    assert draft.failure == "draft_error"


@pytest.fixture
def waits(monkeypatch):
    """How long was waited before each further try."""
    waited: list[float] = []
    clock = SimpleNamespace(sleep=waited.append, monotonic=time.monotonic)
    monkeypatch.setattr(drafting, "time", clock)
    return waited


def take_patiently(*answers, timeout_s=60.0):
    upstream = ScriptedUpstream(*((DRAFT, answer) for answer in answers))
    draft = drafting.take(
        make_request(),
        make_target(DRAFT),
        upstream=upstream,
        timeout_s=timeout_s,
    )
    assert len(upstream.asked) == len(draft.calls)
    return draft


def busy(status=529, **headers):
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return FakeReply(b"{}", status=status, headers=(*JSON, *named))


def test_asks_a_busy_provider_again_when_it_says_soon(waits):
    answer = FakeReply(message_bytes(model=DRAFT))
    draft = take_patiently(busy(429, retry_after="1"), answer)
    assert waits == [1.0]
    assert draft.completion is not None
    assert [call.status for call in draft.calls] == [429, 200]
    assert draft.calls[0].duration_ms >= 1000.0, "waiting for a provider is its time"


def test_asks_a_busy_provider_once_more_and_not_again(waits):
    draft = take_patiently(busy(), busy(retry_after="0"))
    assert waits == [0.5]
    assert draft.failure == "draft_error"
    assert [call.status for call in draft.calls] == [529, 529]


def test_does_not_wait_long(waits):
    take_patiently(busy(429, retry_after=str(drafting.RETRY_WAIT_S + 0.1)))
    assert waits == []


@pytest.mark.usefixtures("waits")
def test_the_time_of_all_tries_is_bounded_together():
    upstream = ScriptedUpstream((DRAFT, busy(retry_after="2")), (DRAFT, busy()))
    drafting.take(
        make_request(),
        make_target(DRAFT),
        upstream=upstream,
        timeout_s=3.0,
    )
    first, second = (asked.timeout_s for asked in upstream.asked)
    assert first == 3.0
    assert 0 < second <= 1.0


def test_waits_no_longer_than_the_draft_may_take(waits):
    draft = take_patiently(busy(429, retry_after="1"), timeout_s=0.5)
    assert (waits, draft.failure) == ([], "draft_error")


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_asks_again_only_when_a_provider_is_busy(status, waits):
    take_patiently(busy(status, retry_after="0.1"))
    assert waits == []


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
@pytest.mark.parametrize("stream", [True, False])
def test_reads_a_compressed_draft_as_if_it_were_plain(name, stream):
    body = STREAM if stream else message_bytes("42", model=DRAFT)
    kind = EVENTS if stream else JSON
    coded = FakeReply(ENCODERS[name](body), headers=(*kind, ("content-encoding", name)))
    draft = take(coded, stream=stream)
    assert b"".join(draft.parts) == body
    assert draft.completion.text == "42"
    assert draft.headers == kind


@pytest.mark.parametrize("coding", ["novel", "gzip"])
def test_a_draft_in_an_encoding_it_cannot_read_is_unusable(coding):
    body = message_bytes("42", model=DRAFT)
    draft = take(FakeReply(body, headers=(*JSON, ("content-encoding", coding))))
    assert (draft.completion, draft.failure) == (None, "draft_error")


def test_a_compressed_draft_that_is_cut_is_unusable():
    body = gzip.compress(message_bytes("42", model=DRAFT))[:-2]
    draft = take(FakeReply(body, headers=(*JSON, ("content-encoding", "gzip"))))
    assert (draft.completion, draft.failure) == (None, "draft_error")
