"""A stream of Chat Completions chunks -> the events of the Messages API, one by one.

Blocks are strictly sequential there: a text is closed before a tool's call opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from routing.sse import encode_event, event_data
from routing.translating.answer_to_message import (
    call_id,
    calls_of,
    logprobs_of,
    message_id,
    salt_of,
)
from routing.translating.calls import CallLedger, OpenCall, TooManyCalls
from routing.translating.counts import estimated_usage, messages_usage
from routing.translating.failures import messages_stream_error
from routing.translating.stops import (
    ending,
)
from routing.translating.values import Json, mapping, objects, string, texts_of
from routing.usage import with_tier

_DONE = b"[DONE]"
_TEXT = "text"


class ChunkTranslator:
    """Turns the chunks of one answer into events.

    `prompt_tokens` stands in where usage is missing, marked so. `native`: see
    `message_of`. A stream that breaks off comes to no `message_stop`; one that ended
    with a finish reason and without `[DONE]` is whole.
    """

    def __init__(self, *, prompt_tokens: int, native: bool = False) -> None:
        self.logprobs: list[float] = []
        self._prompt_tokens = prompt_tokens
        self._native = native
        self._salt: tuple[str, ...] = ()
        self._begun = self._over = False
        self._open: str | OpenCall | None = None
        self._waiting: list[str] = []
        self._index = -1
        self._ledger = CallLedger()
        self._usage: Json | None = None
        self._finish: Json | None = None
        self._written_chars = 0
        self._refused = False

    def feed(self, raw: bytes) -> list[bytes]:
        """Return the events that one more event of the stream comes to."""
        data = event_data(raw).strip()
        if self._over:
            return []
        if not data:  # a comment, which keeps the connection open
            return [_event("ping")] if self._begun else []
        return self.end() if data == _DONE else self._read(data)

    def end(self) -> list[bytes]:
        """Return the last events; none when the answer has not come to its end."""
        if self._over or self._finish is None:
            return []
        self._over = True
        return [*self._flush(), *self._close(), self._last(), _event("message_stop")]

    def _read(self, data: bytes) -> list[bytes]:
        try:
            chunk = msgspec.json.decode(data)
        except (ValueError, RecursionError):
            chunk = None
        if not isinstance(chunk, dict):
            return self._fail({"message": "The provider's answer cannot be read."})
        error = chunk.get("error") or mapping(chunk, "x_groq").get("error")
        if error:
            return self._fail(error)
        try:
            return list(self._chunk(chunk))
        except TooManyCalls:
            return self._fail({"message": "The provider's answer has too many calls."})

    def _fail(self, error: Any) -> list[bytes]:
        self._over = True
        return [
            encode_event("error", msgspec.json.encode(messages_stream_error(error)))
        ]

    def _chunk(self, chunk: Json) -> Iterator[bytes]:
        if not self._begun:
            yield self._start(chunk)
        usage = chunk.get("usage") or mapping(chunk, "x_groq").get("usage")
        if told := messages_usage(usage):
            self._usage = with_tier(told, chunk.get("service_tier"))
        choices = objects(chunk.get("choices"))
        choice = next((c for c in choices if c.get("index") in (0, None)), None)
        if choice is None:
            return
        self.logprobs += logprobs_of(choice)
        yield from self._delta(mapping(choice, "delta"))
        if choice.get("finish_reason") and self._finish is None:
            self._finish = choice

    def _start(self, chunk: Json) -> bytes:
        self._begun = True
        self._salt = () if self._native else salt_of(chunk)
        message: Json = {
            "id": message_id(chunk),
            "type": "message",
            "role": "assistant",
            "model": string(chunk.get("model")),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": estimated_usage(self._prompt_tokens, 0),
        }
        return _event("message_start", message=message)

    def _delta(self, delta: Any) -> Iterator[bytes]:
        for text in texts_of(delta.get("content")):
            yield from self._text(text)
        if refusal := string(delta.get("refusal")):
            self._refused = True
            yield from self._text(refusal)
        for call in calls_of(delta):
            yield from self._call(self._ledger.add(call))

    def _text(self, text: str) -> Iterator[bytes]:
        if not text:
            return
        self._written_chars += len(text)
        opened = self._open
        if self._waiting or (isinstance(opened, OpenCall) and not opened.whole):
            self._waiting.append(text)
            return
        if self._open != _TEXT:
            yield from self._close()
            yield self._open_block(_TEXT, {"type": "text", "text": ""})
        yield self._grow({"type": "text_delta", "text": text})

    def _call(self, call: OpenCall) -> Iterator[bytes]:
        if call is self._open:
            yield from self._arguments(call)
        elif self._may_open(call):
            yield from self._tell(call)

    def _may_open(self, call: OpenCall) -> bool:
        """Whether `call` is next, has a name, and what is open has come to its end."""
        if call.opened or not call.name or self._waiting:
            return False
        if isinstance(self._open, OpenCall) and not self._open.whole:
            return False
        return call is next(self._ledger.unopened())

    def _tell(self, call: OpenCall) -> Iterator[bytes]:
        yield from self._close()
        call.opened = True
        id_ = call_id(call.id, call.number, self._salt)
        block = {"type": "tool_use", "id": id_, "name": call.name, "input": {}}
        yield self._open_block(call, block)
        yield from self._arguments(call)

    def _arguments(self, call: OpenCall) -> Iterator[bytes]:
        if text := call.untold():
            self._written_chars += len(text)
            yield self._grow({"type": "input_json_delta", "partial_json": text})

    def _flush(self) -> Iterator[bytes]:
        """Yield what had to wait: the calls after the open one, then texts."""
        for call in list(self._ledger.unopened()):
            yield from self._tell(call)
        if self._waiting:
            yield from self._close()
            yield self._open_block(_TEXT, {"type": "text", "text": ""})
            yield self._grow({"type": "text_delta", "text": "".join(self._waiting)})

    def _open_block(self, opened: str | OpenCall, block: Json) -> bytes:
        self._index += 1
        self._open = opened
        return _event("content_block_start", index=self._index, content_block=block)

    def _grow(self, delta: Json) -> bytes:
        return _event("content_block_delta", index=self._index, delta=delta)

    def _close(self) -> Iterator[bytes]:
        if self._open is not None:
            self._open = None
            yield _event("content_block_stop", index=self._index)

    def _last(self) -> bytes:
        choice = self._finish or {}
        reason, stopped = ending(
            choice, calls_tools=bool(self._ledger.calls), refused=self._refused
        )
        usage = self._usage or estimated_usage(self._prompt_tokens, self._written_chars)
        delta = {"stop_reason": reason, "stop_sequence": stopped}
        return _event("message_delta", delta=delta, usage=usage)


def _event(name: str, **data: Any) -> bytes:
    return encode_event(name, msgspec.json.encode({"type": name} | data))
