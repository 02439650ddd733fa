"""Reads compressed bodies beside the relay, which passes them on as they came."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from routing.types import Headers

Decoder = Callable[[bytes], bytes]


def decoder_for(headers: Headers) -> Decoder | None:
    """Return what turns chunks of this body into plain bytes; None when nothing can.

    The decoder keeps state: one a body, chunks in order. It returns b"" for a chunk
    that completes nothing, and for one that is not what the header says.
    """
    encoding = next((v for n, v in headers if n == "content-encoding"), "identity")
    if encoding.lower() in ("", "identity"):
        return _same
    if encoding.lower() in ("gzip", "x-gzip", "deflate"):
        return _Inflater().feed
    return None


class _Inflater:
    # 32 + 15: both gzip and zlib headers are recognised.
    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(32 + zlib.MAX_WBITS)

    def feed(self, chunk: bytes) -> bytes:
        try:
            return self._inflate.decompress(chunk)
        except zlib.error:
            return b""


def _same(chunk: bytes) -> bytes:
    return chunk
