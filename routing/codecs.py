"""Compressed bytes -> plain ones, in pieces of bounded size. Knows no headers.

A few bytes can stand for gigabytes, so no codec ever puts out more at once than the
piece it was asked for, give or take what its library cannot stop in the middle of.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import brotli
import zstandard

PIECE_BYTES = 64 * 1024
# zstandard cannot bound its output: four bytes of input stand for 128 KiB at most.
ZSTD_SLICE_BYTES = 512
# Source: RFC 9659: no content coding needs a larger window.
ZSTD_WINDOW_BYTES = 8 * 1024 * 1024


class Undecodable(Exception):
    """The bytes are not what their encoding says, or decode to more than we read."""


class Codec(Protocol):
    """One part of a body while it is decoded.

    `ended`: the part is whole; bytes after it begin another, and are in `unused`.
    """

    ended: bool
    unused: bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` adds, in pieces. Raises Undecodable."""


class Inflate:
    """gzip and deflate, told apart by their own heads."""

    def __init__(self) -> None:
        self.ended = False
        self.unused = b""
        self._inflate = zlib.decompressobj(32 + zlib.MAX_WBITS)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` adds, in pieces. Raises Undecodable."""
        inflate = self._inflate
        try:
            piece = inflate.decompress(data, PIECE_BYTES)
            while len(piece) == PIECE_BYTES:  # it may hold more back, input or not
                yield piece
                piece = inflate.decompress(inflate.unconsumed_tail, PIECE_BYTES)
            yield piece
        except zlib.error as error:
            raise Undecodable(str(error)) from None
        self.ended, self.unused = inflate.eof, inflate.unused_data


class Brotli:
    """br. Its format has no second part: bytes after the end are an error."""

    unused = b""

    def __init__(self) -> None:
        self.ended = False
        self._decompressor = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` adds, in pieces. Raises Undecodable."""
        process, is_finished = (
            self._decompressor.process,
            self._decompressor.is_finished,
        )
        try:
            # It may take all input and hold output back, whatever it says it accepts.
            while piece := process(data, output_buffer_limit=PIECE_BYTES):
                yield piece
                if is_finished():
                    break
                data = b""
        except brotli.error as error:
            raise Undecodable(str(error)) from None
        self.ended = is_finished()


class Zstandard:
    """zstd, frame by frame."""

    def __init__(self) -> None:
        self.ended = False
        self.unused = b""
        frames = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
        self._frame = frames.decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` adds, in pieces. Raises Undecodable."""
        for start in range(0, len(data), ZSTD_SLICE_BYTES):
            end = start + ZSTD_SLICE_BYTES
            try:
                yield self._frame.decompress(data[start:end])
            except zstandard.ZstdError as error:
                raise Undecodable(str(error)) from None
            if self._frame.eof:
                self.ended = True
                self.unused = self._frame.unused_data + data[end:]
                return


# Source: IANA's registry of content codings; `x-gzip` by RFC 9110, 8.4.1.3.
CODECS: Mapping[str, Callable[[], Codec]] = {
    "gzip": Inflate,
    "x-gzip": Inflate,
    "deflate": Inflate,
    "br": Brotli,
    "zstd": Zstandard,
}
