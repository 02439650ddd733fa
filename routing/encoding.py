"""Compressed bodies: read beside the relay, or decoded where we must change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from routing.codecs import CODECS, PIECE_BYTES, Codec, Undecodable
from routing.errors import StreamInterrupted
from routing.turns import give_way
from routing.types import Headers, Reply

# A few bytes can stand for gigabytes: what is past this is passed on, not read.
MAX_PLAIN_BYTES = 64 * 1024 * 1024
MAX_PARTS = 100
# More than anybody combines; each layer multiplies what one byte can stand for.
MAX_LAYERS = 2
# Events and answers pack 5 to 50 to one. What is only read beside the relay, to count
# tokens, is not worth the time of everybody's worker beyond this.
MAX_RATIO = 200
TRUSTED_BYTES = 1024 * 1024

_PLAIN = ("", "identity")


class Meter:
    """What the bytes of a body say while they pass by; never a failure.

    `lost`: the body could not be read to here, so what it says is not known.
    """

    def __init__(self, decoder: _Decoder) -> None:
        self.lost = False
        self._decoder = decoder
        self._packed_bytes = self._plain_bytes = 0

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the plain bytes `chunk` adds, in pieces of 64 KiB at most.

        Nothing more comes once the body cannot be read.
        """
        if self.lost:
            return
        self._packed_bytes += len(chunk)
        try:
            for piece in self._decoder.feed(chunk):
                self._check(piece)
                yield piece
        except Undecodable:
            self.lost = True

    def _check(self, piece: bytes) -> None:
        self._plain_bytes += len(piece)
        believed = max(TRUSTED_BYTES, MAX_RATIO * self._packed_bytes)
        if self._plain_bytes > believed:
            raise Undecodable("the body decodes to more than is worth reading")


def decoder_for(headers: Headers) -> Meter | None:
    """Return what turns chunks of this body into plain bytes; None when nothing can.

    It keeps state: one a body, chunks in order. It yields nothing for a chunk that
    completes nothing, and for one that is not what the header says.
    """
    decoder = _decoder(headers)
    return None if decoder is None else Meter(decoder)


def is_compressed(headers: Headers) -> bool:
    """Whether the bytes of this body are not those its reader will see."""
    return bool(_encodings(headers))


def plain(reply: Reply) -> Reply:
    """Return `reply` with its body decoded while it is read, and no header of it.

    That is `reply` itself when the body is plain, or in an encoding we do not know.
    """
    if not is_compressed(reply.headers):
        return reply
    decoder = _decoder(reply.headers)
    return reply if decoder is None else _PlainReply(reply, decoder)


class _PlainReply:
    """A reply as if it had come uncompressed."""

    def __init__(self, reply: Reply, decoder: _Decoder) -> None:
        self.status = reply.status
        self.headers = tuple(h for h in reply.headers if h[0] != "content-encoding")
        self._reply = reply
        self._decoder = decoder

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._reply:
                yield from self._decoder.feed(chunk)
            self._decoder.finish()
        except Undecodable as error:
            raise StreamInterrupted("The provider's answer cannot be read.") from error

    def close(self) -> None:
        self._reply.close()


def _encodings(headers: Headers) -> list[str]:
    """The encodings in the order they were applied; none for a plain body."""
    values = ",".join(value for name, value in headers if name == "content-encoding")
    named = (name.strip().lower() for name in values.split(","))
    return [name for name in named if name not in _PLAIN]


def _decoder(headers: Headers) -> _Decoder | None:
    names = _encodings(headers)
    if len(names) > MAX_LAYERS or not CODECS.keys() >= set(names):
        return None
    room = _Room()
    return _Decoder([_Layer(CODECS[name], room) for name in reversed(names)])


class _Decoder:
    """One body: its layers, the one that was applied last first."""

    def __init__(self, layers: list[_Layer]) -> None:
        self._layers = layers

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` adds, in pieces of `PIECE_BYTES`. Raises Undecodable.

        A small chunk can stand for many of them, so others of this worker have their
        turn in between.
        """
        pieces = iter((chunk,))
        for layer in self._layers:
            pieces = layer.through(pieces)
        for number, piece in enumerate(_cut(pieces)):
            if number:
                give_way()
            yield piece

    def finish(self) -> None:
        """Raise Undecodable when the body ended before its encoding did."""
        if not all(layer.whole for layer in self._layers):
            raise Undecodable("the body ended too soon")


class _Room:
    """How much one body may still decode to, all its layers together."""

    def __init__(self) -> None:
        self._left = MAX_PLAIN_BYTES

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise Undecodable("the body decodes to more than is read")


class _Layer:
    """One encoding of a body, which may come in several parts."""

    def __init__(self, new: Callable[[], Codec], room: _Room) -> None:
        self._new = new
        self._room = room
        self._codec = new()
        self._parts = 1
        self._fed = False

    @property
    def whole(self) -> bool:
        """Whether the bytes so far are all there is; an empty body is whole."""
        return self._codec.ended or not self._fed

    def through(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            data = chunk
            while data:
                yield from self._decoded(data)
                data = self._codec.unused

    def _decoded(self, data: bytes) -> Iterator[bytes]:
        if self._codec.ended:
            self._begin_part()
        self._fed = True
        for piece in self._codec.feed(data):
            self._room.take(len(piece))
            yield piece

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise Undecodable("the body has too many parts")
        self._codec = self._new()


def _cut(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), PIECE_BYTES):
            yield piece[start : start + PIECE_BYTES]
