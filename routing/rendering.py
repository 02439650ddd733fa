"""How an answer is put to its client: which model it names, and in whose dialect.

An answer in the client's own dialect keeps every byte but the model's name; one in the
internal form is translated for a client of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec

from routing.metering import MAX_EVENT_BYTES, StreamMeter
from routing.reading import READINGS, Meter
from routing.sse import EventSplitter, event_name
from routing.streams import (
    parse_message,
    replace_model,
    replace_model_in_chunk,
    replace_model_in_message,
)
from routing.translating.failures import chat_error, chat_status
from routing.translating.message_to_answer import EventTranslator, answer_of
from routing.translating.meters import counts_for_us, tells_usage_alone
from routing.types import ChatRequest, Dialect, Headers, Target

# What comes before an answer is a ping every few seconds, for minutes at most.
MAX_EVENTS_BEFORE = 10_000
_ABOUT_THE_BODY = frozenset({"content-type", "content-encoding"})
_NAMES = {"request-id": "x-request-id"}
# Limits of one account, in a dialect its reader does not know.
_NOT_FOR_OTHERS = ("anthropic-",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """One way to render. `name`: the model to put in; None leaves what is there.

    `answer` is the dialect it comes in, `client` that of who reads it, and
    `include_usage` whether the client wants the usage of a stream told. `created` is
    in seconds of the Unix epoch, for the dialect that tells it. `meter` makes what
    watches such an answer go by. `keeps_usage`: the chunk that tells the usage was
    asked for by us, and goes no further.
    """

    answer: Dialect = "anthropic"
    client: Dialect = "anthropic"
    name: str | None = None
    include_usage: bool = False
    created: int = 0
    meter: Callable[[], Meter] = StreamMeter
    keeps_usage: bool = False

    @property
    def crosses(self) -> bool:
        """Whether the answer is in another dialect than its client's."""
        return self.answer != self.client

    @property
    def whole_events(self) -> bool:
        """Whether nothing but whole events leaves here, wherever an answer breaks."""
        renamed_everywhere = self.answer == "openai" and self.name is not None
        return self.crosses or renamed_everywhere or self.keeps_usage

    def status(self, status: int) -> int:
        """Return the status this client knows for `status`."""
        return chat_status(status) if self.crosses else status

    def headers(self, headers: Headers, *, streamed: bool) -> Headers:
        """Return the headers of the rendered answer."""
        if not self.crosses:
            return headers
        kind = "text/event-stream; charset=utf-8" if streamed else "application/json"
        kept = (
            (_NAMES.get(name, name), value)
            for name, value in headers
            if name not in _ABOUT_THE_BODY and not name.startswith(_NOT_FOR_OTHERS)
        )
        return (("content-type", kind), *kept)

    def whole(self, body: bytes, status: int) -> bytes:
        """Return a whole answer; one that is no message is an error's."""
        if not self.crosses:
            return replace_model_in_message(body, self.name) if self.name else body
        completion = parse_message(body)
        if completion is None:
            return chat_error(body, status)
        named = {"model": self.name} if self.name else {}
        answer = answer_of({**completion.message, **named}, created=self.created)
        return msgspec.json.encode(answer)

    def live(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield a stream while it comes. Bytes in plain, cut anywhere."""
        if self.crosses:
            return self._translated(self._named(chunks))
        return self._named(chunks)

    def ready(self, parts: Iterable[bytes], *, stream: bool) -> tuple[bytes, ...]:
        """Return the parts of a draft: events each whole, or one whole answer."""
        if stream:
            return tuple(self.live(parts))
        return tuple(self.whole(part, 200) for part in parts)

    def _named(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        if self.answer == "openai" and (self.name or self.keeps_usage):
            return _each_event(chunks, self._chunk)
        return renamed(chunks, self.name) if self.name else iter(chunks)

    def _chunk(self, raw: bytes) -> bytes:
        if self.keeps_usage and tells_usage_alone(raw):
            return b""
        return replace_model_in_chunk(raw, self.name) if self.name else raw

    def _translated(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        translator = EventTranslator(
            created=self.created, include_usage=self.include_usage
        )
        return _each_event(chunks, translator.feed)


def rendering_for(
    request: ChatRequest,
    answer: Dialect,
    name: str | None = None,
    served: Target | None = None,
) -> Rendering:
    """Return how an answer in the dialect `answer` is put to whoever sent `request`.

    `served` is the model that gave it.
    """
    meter = partial(READINGS[answer].meter, request)
    if request.native is None:
        return Rendering(answer=answer, name=name, meter=meter)
    return Rendering(
        answer=answer,
        meter=meter,
        client="openai",
        keeps_usage=served is not None and keeps_usage(request, answer, served),
        name=name,
        include_usage=request.native.include_usage,
        created=round(datetime.now(UTC).timestamp()),
    )


def keeps_usage(request: ChatRequest, answer: Dialect, served: Target) -> bool:
    """Whether the chunk that tells a stream's usage is for us, and goes no further."""
    return answer == "openai" and counts_for_us(request, served)


def renamed(chunks: Iterable[bytes], model: str) -> Iterator[bytes]:
    """Yield a stream with `model` as the model of its `message_start`.

    Events before it wait until they are whole, those after it pass as they come. What
    does not come to a `message_start` within `MAX_EVENT_BYTES` passes as it is.
    """
    splitter = EventSplitter()
    coming = iter(chunks)
    before = 0
    for chunk in coming:
        events = splitter.feed(chunk)
        before += len(events)
        if events:
            yield b"".join(replace_model(event, model) for event in events)
        if any(event_name(event) == "message_start" for event in events):
            break
        if splitter.rest_bytes > MAX_EVENT_BYTES or before > MAX_EVENTS_BEFORE:
            break
    if splitter.rest:
        yield splitter.rest
    yield from coming


def _each_event(
    chunks: Iterable[bytes], change: Callable[[bytes], bytes]
) -> Iterator[bytes]:
    """Yield what `change` makes of each event; what follows the last comes at the end.

    An event longer than any may be passes as it is, and so does all that follows.
    """
    splitter = EventSplitter()
    coming = iter(chunks)
    for chunk in coming:
        told = b"".join(change(event) for event in splitter.feed(chunk))
        if told:
            yield told
        if splitter.rest_bytes > MAX_EVENT_BYTES:
            yield splitter.rest
            yield from coming
            return
    if splitter.rest and (told := change(splitter.rest)):
        yield told
