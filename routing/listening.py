"""Hears an answer while it is passed on, for what is done with it afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from routing.encoding import is_compressed
from routing.openings import openings_in
from routing.reading import READINGS, Reading
from routing.sse import EventSplitter
from routing.types import ChatRequest, Completion, Dialect, Headers, Reply

# An event a token, of about 120 bytes, is 256 KB of text.
MAX_READ_BYTES = 8 * 1024 * 1024
# Lists and objects, with the brackets in texts: each costs many times its bytes.
MAX_OPENINGS = 300_000


def heard(
    reply: Reply, request: ChatRequest, *, streamed: bool, dialect: Dialect
) -> tuple[Reply, Heard | None]:
    """Return `reply`, and what is heard of it while it is read, in `dialect`.

    None where its body is compressed in a way we do not know.
    """
    if is_compressed(reply.headers):
        return reply, None
    reading = READINGS[dialect]
    answer = (_Streamed if streamed else _Whole)(reading, request)
    return _HeardReply(reply, answer), answer


class Heard:
    """An answer as it is heard, up to a bound; past it only its beginning is known."""

    def __init__(self) -> None:
        self._bytes = self._openings = 0
        self._deaf = False

    def hear(self, chunk: bytes) -> None:
        """Take the next bytes. Never raises."""
        self._bytes += len(chunk)
        self._openings += openings_in(chunk)
        if self._bytes > MAX_READ_BYTES or self._openings > MAX_OPENINGS:
            self._deaf = True
        if self._deaf:
            return
        try:
            self._take(chunk)
        except Exception:  # noqa: BLE001  it must not break the answer it listens to
            self._deaf = True

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return not self._deaf

    def so_far(self) -> Completion | None:
        """Return what was heard as far as it is known; None when no answer came."""
        return self._completion()

    def completion(self) -> Completion | None:
        """Return the answer when all of it was heard; None else."""
        return self._completion() if self.whole else None

    def _completion(self) -> Completion | None:
        raise NotImplementedError

    def _take(self, chunk: bytes) -> None:
        raise NotImplementedError


class _Streamed(Heard):
    def __init__(self, reading: Reading, request: ChatRequest) -> None:
        super().__init__()
        self._splitter = EventSplitter()
        self._folder = reading.folder(request)

    def _completion(self) -> Completion | None:
        return self._folder.completion()

    def _take(self, chunk: bytes) -> None:
        for event in self._splitter.feed(chunk):
            self._folder.add(event)


class _Whole(Heard):
    def __init__(self, reading: Reading, request: ChatRequest) -> None:
        super().__init__()
        self._reading, self._request = reading, request
        self._chunks: list[bytes] = []

    def _completion(self) -> Completion | None:
        if self._deaf:
            return None
        return self._reading.whole(b"".join(self._chunks), self._request)

    def _take(self, chunk: bytes) -> None:
        self._chunks.append(chunk)


class _HeardReply:
    """A reply as it is, each chunk of it heard before it is passed on."""

    def __init__(self, reply: Reply, heard: Heard) -> None:
        self.status = reply.status
        self.headers: Headers = reply.headers
        self._reply = reply
        self._heard = heard

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._reply:
            self._heard.hear(chunk)
            yield chunk

    def close(self) -> None:
        self._reply.close()
