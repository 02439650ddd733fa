"""Compresses answers for rows about `content-encoding`, each piece readable at once."""

from __future__ import annotations

import gzip
import zlib
from typing import Protocol

import brotli
import zstandard


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self, mode: int = ..., /) -> bytes: ...


class _Brotli:
    """brotli, whose words are others."""

    def __init__(self) -> None:
        self._compressor = brotli.Compressor()

    def compress(self, data: bytes) -> bytes:
        return bytes(self._compressor.process(data))

    def flush(self, mode: int = zlib.Z_FINISH) -> bytes:
        whole = mode == zlib.Z_FINISH
        compressor = self._compressor
        return bytes(compressor.finish() if whole else compressor.flush())


class _Zstandard:
    """zstandard, whose words are others."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor().compressobj()

    def compress(self, data: bytes) -> bytes:
        return self._compressor.compress(data)

    def flush(self, mode: int = zlib.Z_FINISH) -> bytes:
        whole = mode == zlib.Z_FINISH
        block, finish = (
            zstandard.COMPRESSOBJ_FLUSH_BLOCK,
            zstandard.COMPRESSOBJ_FLUSH_FINISH,
        )
        return self._compressor.flush(finish if whole else block)


def compressed(encoding: str, pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return as many pieces, each with all of its plain bytes in it."""
    if not encoding:
        return pieces
    compressor = _compressor(encoding)
    flushed = [
        compressor.compress(p) + compressor.flush(zlib.Z_SYNC_FLUSH) for p in pieces
    ]
    return (*flushed[:-1], flushed[-1] + compressor.flush())


def plain(encoding: str, body: bytes) -> bytes:
    """Return the plain bytes of a whole body, as its reader decodes it."""
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    if encoding == "br":
        return bytes(brotli.decompress(body))
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body


def _compressor(encoding: str) -> _Compressor:
    if encoding == "br":
        return _Brotli()
    if encoding == "zstd":
        return _Zstandard()
    window = zlib.MAX_WBITS + (16 if encoding == "gzip" else 0)
    return zlib.compressobj(wbits=window)
