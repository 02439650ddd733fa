"""A reply of a Chat Completions server, presented in the internal form.

What comes out are the bytes of a message, or of its events one by one as they come;
an error is in our envelope, whatever envelope it came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from routing.encoding import plain
from routing.errors import StreamInterrupted
from routing.openings import bounded
from routing.replaying import replay
from routing.sse import EventSplitter, is_event_stream
from routing.translating.answer_to_message import logprobs_of, message_of
from routing.translating.chunks_to_events import ChunkTranslator
from routing.translating.failures import messages_error
from routing.translating.values import Json, objects
from routing.types import Headers, Reply

MAX_WHOLE_BYTES = 32 * 1024 * 1024
# The longest event is a whole tool call in one piece.
MAX_EVENT_BYTES = 8 * 1024 * 1024
MAX_ERROR_BYTES = 256 * 1024

JSON = ("content-type", "application/json")
EVENTS = ("content-type", "text/event-stream; charset=utf-8")
# What a client of any API acts on; the rest is about one account and its limits.
_KEPT_HEADERS = frozenset({"retry-after", "retry-after-ms", "x-should-retry"})
_REQUEST_ID = ("x-request-id", "request-id")


class TranslatedReply:
    """An open reply in the internal form; iterating it reads the provider's.

    `stream`: the client asked for events; a server that answers whole all the same is
    told in events. `prompt_tokens` stands in where usage is missing.
    """

    def __init__(self, reply: Reply, *, stream: bool, prompt_tokens: int) -> None:
        self._reply = plain(reply)
        self._stream = stream
        self._prompt_tokens = prompt_tokens
        self._error: bytes | None = None
        self._logprobs: Sequence[float] = ()
        self.status = reply.status
        if reply.status >= 400:
            self.status, self._error = self._read_error()
        kind = EVENTS if stream and self._error is None else JSON
        self.headers: Headers = (kind, *_kept(reply.headers))

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body as it arrives. Raises StreamInterrupted for what is none."""
        if self._error is not None:
            yield self._error
        elif self._stream and is_event_stream(self._reply.headers):
            yield from self._events()
        else:
            message = self._message()
            yield from replay(message) if self._stream else (_encoded(message),)

    @property
    def logprobs(self) -> tuple[float, ...]:
        """The log probabilities told so far. Cost: a copy of them."""
        return tuple(self._logprobs)

    def close(self) -> None:
        """Close the provider's reply."""
        self._reply.close()

    def _events(self) -> Iterator[bytes]:
        splitter = EventSplitter()
        translator = ChunkTranslator(prompt_tokens=self._prompt_tokens)
        self._logprobs = translator.logprobs
        for chunk in self._reply:
            told = [e for raw in splitter.feed(chunk) for e in translator.feed(raw)]
            if splitter.rest_bytes > MAX_EVENT_BYTES:
                raise StreamInterrupted("The provider's answer is too large.")
            if told:
                yield b"".join(told)
        # Some servers leave out the blank line after the last event, or its [DONE].
        last = translator.feed(splitter.rest) if splitter.rest else []
        told = [*last, *translator.end()]
        if told:
            yield b"".join(told)

    def _message(self) -> Json:
        answer = _decoded(_bounded(self._reply, MAX_WHOLE_BYTES))
        message = message_of(answer, prompt_tokens=self._prompt_tokens)
        if message is None:
            raise StreamInterrupted("The provider's answer cannot be read.")
        self._logprobs = logprobs_of(objects(answer.get("choices"))[0])
        return message

    def _read_error(self) -> tuple[int, bytes]:
        try:
            body = b"".join(_bounded(self._reply, MAX_ERROR_BYTES))
        finally:
            self._reply.close()
        return messages_error(self.status, body)


def _kept(headers: Headers) -> Headers:
    names = dict([_REQUEST_ID])
    return tuple(
        (names.get(name, name), value)
        for name, value in headers
        if name in _KEPT_HEADERS or name in names
    )


def _bounded(chunks: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
    too_large = StreamInterrupted("The provider's answer is too large.")
    return bounded(chunks, most_bytes, too_large=too_large)


def _decoded(chunks: Iterable[bytes]) -> Json:
    try:
        answer = msgspec.json.decode(b"".join(chunks))
    except (ValueError, RecursionError):
        answer = None
    return answer if isinstance(answer, dict) else {}


def _encoded(message: Json) -> bytes:
    return msgspec.json.encode(message)
