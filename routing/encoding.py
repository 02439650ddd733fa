"""Reads compressed bodies beside the relay, which passes them on as they came."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from routing.types import Headers

Decoder = Callable[[bytes], bytes]

_PLAIN = ("", "identity")
# A few bytes can stand for gigabytes: what is past this is passed on, not read.
MAX_PLAIN_BYTES = 64 * 1024 * 1024
MAX_PARTS = 100


def decoder_for(headers: Headers) -> Decoder | None:
    """Return what turns chunks of this body into plain bytes; None when nothing can.

    The decoder keeps state: one a body, chunks in order. It returns b"" for a chunk
    that completes nothing, and for one that is not what the header says.
    """
    encoding = _encoding(headers)
    if encoding in _PLAIN:
        return _same
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Inflater().feed
    return None


def is_compressed(headers: Headers) -> bool:
    """Whether the bytes of this body are not those its reader will see."""
    return _encoding(headers) not in _PLAIN


def _encoding(headers: Headers) -> str:
    return next((v.lower() for n, v in headers if n == "content-encoding"), "")


class _Inflater:
    def __init__(self) -> None:
        self._inflate = _new_inflate()
        self._room = MAX_PLAIN_BYTES
        self._parts = 0

    def feed(self, chunk: bytes) -> bytes:
        plain = bytearray()
        try:
            while chunk and self._room > 0 and self._parts < MAX_PARTS:
                piece = self._inflate.decompress(chunk, self._room)
                self._room -= len(piece)
                plain += piece
                chunk = self._inflate.unused_data
                if self._inflate.eof:  # a gzip body may have several parts
                    self._inflate = _new_inflate()
                    self._parts += 1
        except zlib.error:
            self._room = 0
        return bytes(plain)


def _new_inflate() -> zlib._Decompress:
    # 32 + 15: both gzip and zlib headers are recognised.
    return zlib.decompressobj(32 + zlib.MAX_WBITS)


def _same(chunk: bytes) -> bytes:
    return chunk
