import gzip

from routing.simulator.answers import good_answer
from routing.simulator.disturb import (
    EVENT_FAULTS,
    HUGE_BYTES,
    REPLY_FAULTS,
    plain,
    widened,
)
from routing.simulator.values import Chunk, Event, Reply
from tests.routing.simulator.builders import ask_for

EVENTS = [Event(data=b"data: {%d}\n\n" % number) for number in range(6)]
ERROR = Event(data=b"data: {error}\n\n")
WHOLE = Reply(
    status=200,
    headers=(("content-type", "application/json"),),
    chunks=(Chunk(data=b"0123456789"),),
)
STREAM = Reply(
    status=200,
    headers=(),
    chunks=tuple(Chunk(data=e.data) for e in EVENTS),
    chunked=True,
)


def test_event_faults_leave_out_or_break_events():
    assert EVENT_FAULTS["truncated"](EVENTS, ERROR) == EVENTS[:3]
    assert EVENT_FAULTS["no_message_stop"](EVENTS, ERROR) == EVENTS[:-1]
    assert EVENT_FAULTS["error_event"](EVENTS, ERROR) == [*EVENTS[:3], ERROR]
    broken = EVENT_FAULTS["bad_json"](EVENTS, ERROR)
    assert [a == b for a, b in zip(broken, EVENTS, strict=True)].count(False) == 1
    assert broken[3].data.endswith(b"\n\n")


def test_a_slow_first_byte_delays_the_head():
    assert REPLY_FAULTS["slow_first_byte"](WHOLE, 0.5).head_delay_s == 0.5


def test_a_stall_waits_in_the_middle():
    for reply in (WHOLE, STREAM):
        stalled = REPLY_FAULTS["stall"](reply, 9.0)
        assert stalled.body == reply.body
        assert [c.delay_s for c in stalled.chunks].count(9.0) == 1
        assert stalled.chunks[0].delay_s == 0


def test_a_reset_and_a_truncation_promise_more_than_they_send():
    for name, ending in (("reset", "reset"), ("truncated", "cut")):
        cut = REPLY_FAULTS[name](WHOLE, None)
        assert (cut.body, cut.ending, cut.declared_length) == (b"01234", ending, 10)


def test_a_truncated_stream_ends_in_good_form():
    assert REPLY_FAULTS["truncated"](STREAM, None).ending == "end"


def test_a_broken_body_is_shorter_and_says_so():
    broken = REPLY_FAULTS["bad_json"](WHOLE, None)
    assert len(broken.body) < 10
    assert broken.declared_length is None
    assert REPLY_FAULTS["bad_json"](STREAM, None) == STREAM


def test_split_chunks_join_to_the_body():
    split = REPLY_FAULTS["split_utf8"](WHOLE, None)
    assert split.body == WHOLE.body
    assert len(split.chunks) == 2


def test_a_gzipped_reply_unpacks_to_the_body():
    for reply in (WHOLE, STREAM):
        packed = REPLY_FAULTS["gzip"](reply, None)
        assert gzip.decompress(packed.body) == reply.body
        assert ("content-encoding", "gzip") in packed.headers


def test_a_wrong_content_type_is_plain_text():
    assert plain(WHOLE).headers == (("content-type", "text/plain"),)


def test_some_faults_need_more_text():
    answer = good_answer(ask_for())
    assert len(widened(answer, "huge_event").blocks[0].text) == HUGE_BYTES
    assert not widened(answer, "split_utf8").blocks[0].text.isascii()
    assert widened(answer, "stall") == answer
