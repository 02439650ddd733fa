"""What passes by compressed is read beside the relay, or decoded where we change it."""

from __future__ import annotations

import gzip

import brotli
import pytest
import zstandard

from routing import encoding
from routing.codecs import PIECE_BYTES
from routing.encoding import MAX_RATIO, decoder_for, is_compressed, plain
from routing.errors import StreamInterrupted
from tests.fakes import FakeReply
from tests.routing.test_codecs import ENCODERS

TEXT = b'{"type":"message"}' * 20


def coded_as(*encodings):
    return (("content-type", "x"), *(("content-encoding", e) for e in encodings))


def reply_of(*chunks, coding="gzip"):
    return FakeReply(*chunks, headers=coded_as(coding))


def read(meter, *chunks):
    return b"".join(piece for chunk in chunks for piece in meter(chunk))


@pytest.mark.parametrize("headers", [(), coded_as("identity"), coded_as("")])
def test_passes_plain_bytes_through(headers):
    assert read(decoder_for(headers), TEXT) == TEXT
    assert not is_compressed(headers)
    reply = FakeReply(TEXT, headers=headers)
    assert plain(reply) is reply


@pytest.mark.parametrize("name", [*ENCODERS, "GZIP"])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_reads_a_compressed_body_however_it_is_cut(name, size):
    decode = decoder_for(coded_as(name))
    body = ENCODERS[name.lower()](TEXT)
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    assert read(decode, *chunks) == TEXT
    assert is_compressed(coded_as(name))
    assert b"".join(plain(reply_of(*chunks, coding=name))) == TEXT


@pytest.mark.parametrize(
    "headers", [coded_as("gzip, br"), coded_as("gzip", "br"), coded_as("gzip,, BR")]
)
def test_undoes_several_encodings_in_reverse(headers):
    body = brotli.compress(gzip.compress(TEXT))
    assert read(decoder_for(headers), body) == TEXT
    assert b"".join(plain(FakeReply(body[:9], body[9:], headers=headers))) == TEXT


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_reads_bodies_of_several_parts(name):
    decode = decoder_for(coded_as(name))
    body = ENCODERS[name](b"one ") + ENCODERS[name](b"two")
    assert read(decode, body[:9], body[9:]) == b"one two"


def test_two_bodies_do_not_share_their_state():
    first, second = decoder_for(coded_as("gzip")), decoder_for(coded_as("gzip"))
    body = gzip.compress(TEXT)
    assert len(read(first, body[:20])) < len(TEXT)
    assert read(second, body) == TEXT


@pytest.mark.parametrize("name", ["compress", "gzip, novel", "gzip, gzip, gzip"])
def test_says_when_it_cannot_read_an_encoding(name):
    assert decoder_for(coded_as(name)) is None
    assert is_compressed(coded_as(name))
    reply = reply_of(b"\x1f\x9d", coding=name)
    assert plain(reply) is reply


def test_reads_nothing_from_bytes_that_are_not_what_they_claim():
    meter = decoder_for(coded_as("gzip"))
    assert not meter.lost
    assert read(meter, b"not gzip at all", b"and more") == b""
    assert meter.lost


def test_a_decoded_reply_is_the_reply_without_its_encoding():
    reply = FakeReply(
        gzip.compress(TEXT), status=529, headers=(*coded_as("gzip"), ("retry", "1"))
    )
    readable = plain(reply)
    assert readable.status == 529
    assert readable.headers == (("content-type", "x"), ("retry", "1"))
    readable.close()
    assert reply.closed


def test_a_decoded_stream_hands_on_each_event_when_it_came():
    frame = zstandard.ZstdCompressor().compressobj()
    flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    events = [b"event: a\n\n", b"event: b\n\n"]
    chunks = [frame.compress(event) + frame.flush(flush) for event in events]
    assert list(plain(reply_of(*chunks, frame.flush(), coding="zstd"))) == events


@pytest.mark.parametrize("name", ENCODERS)
def test_a_decoded_body_that_ends_too_soon_is_no_clean_end(name):
    body = ENCODERS[name](TEXT)[:-1]
    with pytest.raises(StreamInterrupted):
        list(plain(reply_of(body, coding=name)))


def test_a_decoded_body_that_is_something_else_is_no_clean_end():
    with pytest.raises(StreamInterrupted):
        list(plain(reply_of(b"{}")))


def test_an_answer_without_a_body_is_whole():
    assert list(plain(reply_of())) == []


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_reads_no_more_of_a_bomb_than_the_limit(name, monkeypatch):
    monkeypatch.setattr(encoding, "MAX_PLAIN_BYTES", 3_000_000)
    body = ENCODERS[name](bytes(10_000_000))
    meter = decoder_for(coded_as(name))
    assert len(read(meter, body)) <= 3_000_000
    assert meter.lost
    with pytest.raises(StreamInterrupted):
        list(plain(reply_of(body, coding=name)))


def test_reads_no_more_parts_than_anybody_sends():
    body = gzip.compress(b"") * (encoding.MAX_PARTS + 1)
    with pytest.raises(StreamInterrupted):
        list(plain(reply_of(body)))


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_gives_up_counting_where_a_few_bytes_stand_for_megabytes(name):
    meter = decoder_for(coded_as(name))
    told = len(read(meter, ENCODERS[name](b"\n" * 64 * 1024 * 1024)))
    assert told <= encoding.TRUSTED_BYTES + MAX_RATIO * 70_000
    assert meter.lost


def test_counts_an_answer_that_repeats_itself():
    meter = decoder_for(coded_as("gzip"))
    answer = b"".join(b"data: %08d %s\n\n" % (n, b"the " * 40) for n in range(30_000))
    assert read(meter, gzip.compress(answer)) == answer
    assert not meter.lost


@pytest.mark.parametrize("name", ENCODERS)
def test_what_is_decoded_comes_in_small_pieces_with_turns_for_others(name, monkeypatch):
    pauses = []
    monkeypatch.setattr(encoding, "give_way", lambda: pauses.append(1))
    chunks = list(plain(reply_of(ENCODERS[name](bytes(900_000)), coding=name)))
    assert max(map(len, chunks)) <= PIECE_BYTES
    assert len(pauses) == len(chunks) - 1
