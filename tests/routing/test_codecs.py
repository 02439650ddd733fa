"""Each codec decodes what its library encoded, in pieces that stay small."""

from __future__ import annotations

import gzip
import zlib
from functools import partial

import brotli
import pytest
import zstandard

from routing.codecs import CODECS, PIECE_BYTES, ZSTD_SLICE_BYTES, Undecodable

TEXT = b'data: {"type":"content_block_delta"}\n\n' * 40
BOMB = bytes(20 * 1024 * 1024)
ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": partial(brotli.compress, quality=4),
    "zstd": zstandard.compress,
}


def test_every_codec_is_tested_here():
    assert set(ENCODERS) == set(CODECS)


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_decodes_a_body_however_it_is_cut(name, size):
    codec, body = CODECS[name](), ENCODERS[name](TEXT)
    plain = b""
    for at in range(0, len(body), size):
        assert not codec.ended
        plain += b"".join(codec.feed(body[at : at + size]))
    assert plain == TEXT
    assert codec.ended


@pytest.mark.parametrize("name", ENCODERS)
def test_an_enormous_body_comes_in_pieces(name):
    largest, total = 0, 0
    for piece in CODECS[name]().feed(ENCODERS[name](BOMB)):
        largest, total = max(largest, len(piece)), total + len(piece)
    assert total == len(BOMB)
    # Four bytes of zstd stand for 128 KiB at most.
    most = ZSTD_SLICE_BYTES // 4 * 131_072 if name == "zstd" else 2 * PIECE_BYTES
    assert largest <= most


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_hands_back_what_comes_after_its_part(name):
    codec = CODECS[name]()
    assert b"".join(codec.feed(ENCODERS[name](TEXT) + b"next")) == TEXT
    assert (codec.ended, codec.unused) == (True, b"next")


@pytest.mark.parametrize("name", ENCODERS)
def test_says_when_the_bytes_are_something_else(name):
    with pytest.raises(Undecodable):
        list(CODECS[name]().feed(b"{'plain': 'text'} and more of it"))


def test_takes_no_window_larger_than_a_content_coding_may_need():
    wide = zstandard.ZstdCompressionParameters(window_log=27)
    body = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    with pytest.raises(Undecodable):
        list(CODECS["zstd"]().feed(body.compress(TEXT) + body.flush()))


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_what_was_flushed_is_there_at_once(name):
    if name == "gzip":
        stream = zlib.compressobj(wbits=31)
        sent = stream.compress(TEXT) + stream.flush(zlib.Z_SYNC_FLUSH)
    elif name == "br":
        compressor = brotli.Compressor()
        sent = compressor.process(TEXT) + compressor.flush()
    else:
        frame = zstandard.ZstdCompressor().compressobj()
        sent = frame.compress(TEXT) + frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    codec = CODECS[name]()
    assert b"".join(codec.feed(sent)) == TEXT
    assert not codec.ended
