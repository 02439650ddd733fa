"""What passes by compressed can be read; what cannot is never a failure."""

from __future__ import annotations

import gzip
import zlib

import pytest

from routing.encoding import decoder_for, is_compressed

TEXT = b'{"type":"message"}' * 20


def coded_as(encoding):
    return (("content-type", "x"), ("content-encoding", encoding))


@pytest.mark.parametrize("headers", [(), coded_as("identity"), coded_as("")])
def test_passes_plain_bytes_through(headers):
    assert decoder_for(headers)(TEXT) == TEXT
    assert not is_compressed(headers)


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_reads_a_compressed_body_however_it_is_cut(encoding, encode, size):
    decode = decoder_for(coded_as(encoding))
    body = encode(TEXT)
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    assert b"".join(decode(chunk) for chunk in chunks) == TEXT
    assert is_compressed(coded_as(encoding))


def test_reads_bodies_of_several_parts():
    decode = decoder_for(coded_as("gzip"))
    body = gzip.compress(b"one ") + gzip.compress(b"two")
    assert decode(body[:9]) + decode(body[9:]) == b"one two"


def test_two_bodies_do_not_share_their_state():
    first, second = decoder_for(coded_as("gzip")), decoder_for(coded_as("gzip"))
    body = gzip.compress(TEXT)
    assert first(body[:20]) is not None
    assert second(body) == TEXT


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br"])
def test_says_when_it_cannot_read_an_encoding(encoding):
    assert decoder_for(coded_as(encoding)) is None
    assert is_compressed(coded_as(encoding))


def test_reads_nothing_from_bytes_that_are_not_what_they_claim():
    decode = decoder_for(coded_as("gzip"))
    assert decode(b"not gzip at all") == b""
    assert decode(b"and more") == b""
