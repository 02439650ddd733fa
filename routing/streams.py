"""Events of the Messages API <-> a completion, for drafts and for live streams.

What decides is an event's name, as in the vendor's own clients. Unknown events, deltas
and keys are never an error. Source: Anthropic API reference, "Streaming messages".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from routing.body import look, span_of
from routing.errors import InvalidRequest
from routing.sse import (
    blank_but_data,
    event_data,
    event_name,
    is_readable,
)
from routing.types import Completion
from routing.usage import usage_of

Json = dict[str, Any]

# Delta types that lengthen a text of their block, and the key both have it under.
_GROWING = {"text_delta": "text", "thinking_delta": "thinking"}
# A report of usage has a dozen keys; more is none, and merging it would cost time.
MAX_USAGE_KEYS = 100


class MessageFolder:
    """Folds the events of one stream into the message they tell.

    `complete` says whether `message_stop` came; without it the answer is cut off,
    however orderly the connection ended. `error` is what an error event told, or
    {"type": "malformed_event"}: what came cannot be trusted to be all.
    """

    def __init__(self) -> None:
        self.complete = False
        self.error: Json | None = None
        self._message: Json | None = None
        self._blocks: dict[Any, _BlockFolder] = {}
        self._ended: list[_BlockFolder] = []

    def add(self, raw: bytes) -> None:
        """Take the next event, exactly as it came."""
        fold = _FOLDS.get(event_name(raw))
        if fold is None and is_readable(raw):
            return
        event = _object(event_data(raw)) if fold else None
        if fold is None or event is None:
            self.error = self.error or {"type": "malformed_event"}
        else:
            fold(self, event)

    @property
    def whole(self) -> bool:
        """Whether an answer began, ended, and nothing went wrong between."""
        return self.complete and self.error is None and self._message is not None

    def completion(self) -> Completion | None:
        """Return the message as told so far; None when none has begun."""
        if self._message is None:
            return None
        blocks = [block.folded() for block in self._blocks.values()]
        message = self._message | {"content": blocks}
        return Completion(message=message, usage=usage_of(message.get("usage")))

    def ended_calls(self, at_most: int) -> list[Json]:
        """Return the next tool calls that have ended, each once. Cost: joins them."""
        ended, self._ended = self._ended[:at_most], self._ended[at_most:]
        return [block.folded() for block in ended]

    def _start(self, event: Json) -> None:
        message = event.get("message")
        self._message = dict(message) if isinstance(message, dict) else {}

    def _start_block(self, event: Json) -> None:
        self._blocks[_index(event)] = _BlockFolder(event.get("content_block"))

    def _grow_block(self, event: Json) -> None:
        block, delta = self._blocks.get(_index(event)), event.get("delta")
        if block is not None and isinstance(delta, dict):
            block.grow(delta)

    def _end_block(self, event: Json) -> None:
        block = self._blocks.get(_index(event))
        if block is not None and block.is_call and not block.ended:
            block.ended = True
            self._ended.append(block)

    def _change(self, event: Json) -> None:
        """Apply a `message_delta`; its usage is cumulative, so it overwrites."""
        if self._message is None:
            return
        told = {k: v for k, v in event.items() if k not in ("type", "delta", "usage")}
        delta = event.get("delta")
        self._message |= told | (delta if isinstance(delta, dict) else {})
        if usage := merged_usage(self._message.get("usage"), event.get("usage")):
            self._message["usage"] = usage

    def _stop(self, event: Json) -> None:  # noqa: ARG002  all folds are called alike
        self.complete = True

    def _fail(self, event: Json) -> None:
        self.error = error_in(event)


_FOLDS = {
    "message_start": MessageFolder._start,
    "content_block_start": MessageFolder._start_block,
    "content_block_delta": MessageFolder._grow_block,
    "content_block_stop": MessageFolder._end_block,
    "message_delta": MessageFolder._change,
    "message_stop": MessageFolder._stop,
    "error": MessageFolder._fail,
}


class _BlockFolder:
    """One content block while its deltas come; texts are joined once, at the end."""

    def __init__(self, block: Any) -> None:
        self._block: Json = dict(block) if isinstance(block, dict) else {}
        self._texts: dict[str, list[str]] = {}
        self._citations: list[Any] = []
        self.ended = False
        self._input: list[str] = []

    @property
    def is_call(self) -> bool:
        """Whether it calls a tool of the client."""
        return self._block.get("type") == "tool_use"

    def grow(self, delta: Json) -> None:
        kind = str(delta.get("type"))
        if key := _GROWING.get(kind):
            self._texts.setdefault(key, []).append(_string(delta.get(key)))
        elif kind == "input_json_delta":
            self._input.append(_string(delta.get("partial_json")))
        elif kind == "citations_delta":
            self._citations.append(delta.get("citation"))
        elif kind == "signature_delta":
            self._block["signature"] = delta.get("signature")

    def folded(self) -> Json:
        block = dict(self._block)
        for key, parts in self._texts.items():
            block[key] = _string(block.get(key)) + "".join(parts)
        if self._citations:
            before = block.get("citations")
            earlier = before if isinstance(before, list) else []
            block["citations"] = [*earlier, *self._citations]
        if text := "".join(self._input):
            block["input"] = json_or_text(text)
        return block


def fold(events: Iterable[bytes]) -> Completion | None:
    """Return the message `events` tell, as far as they got; None when none began."""
    folder = MessageFolder()
    for raw in events:
        folder.add(raw)
    return folder.completion()


def parse_message(body: bytes) -> Completion | None:
    """Return the completion in the body of an unstreamed answer.

    None when the body is not a message object: not JSON, an error envelope, a page.
    """
    message = _object(body)
    if message is None or message.get("type") != "message":
        return None
    return Completion(message=message, usage=usage_of(message.get("usage")))


def replace_model(raw: bytes, model: str) -> bytes:
    """Return a `message_start` event with `model` as its message's model.

    Every byte outside that value is kept; any other event comes back as it is.
    """
    if event_name(raw) != "message_start":
        return raw
    return _replaced(raw, blank_but_data(raw), ("message", "model"), model)


def replace_model_in_chunk(raw: bytes, model: str) -> bytes:
    """Return an event of a Chat Completions stream with `model` as its model.

    Every byte outside that value is kept; an event without one comes back as it is.
    """
    if b'"model"' not in raw:
        return raw
    return _replaced(raw, blank_but_data(raw), ("model",), model)


def replace_model_in_message(body: bytes, model: str) -> bytes:
    """Return a message's JSON with `model` as its top-level model, all else as it was.

    Unchanged when it is no JSON object or has no model.
    """
    return _replaced(body, body, ("model",), model)


def _replaced(raw: bytes, data: bytes, path: tuple[str, ...], model: str) -> bytes:
    """Splice at the place that `path` leads to in `data`, a look-alike of `raw`."""
    start, end = 0, len(data)
    try:
        for name in path:
            value = data[start:end]
            fields = look(value)
            if name not in fields:
                return raw
            first, last = span_of(value, fields, name)
            start, end = start + first, start + last
    except InvalidRequest:
        return raw
    return raw[:start] + msgspec.json.encode(model) + raw[end:]


def merged_usage(before: Any, told: Any) -> Json | None:
    """Return a later report of usage merged into an earlier one, None without any.

    null tells nothing new. One that counts the prompt is no estimate of ours any more,
    unless it says so; see `routing.translating.counts`.
    """
    usage = dict(before) if isinstance(before, Mapping) else {}
    if isinstance(told, Mapping) and len(told) + len(usage) <= MAX_USAGE_KEYS:
        if "input_tokens" in told:
            usage.pop("estimated", None)
        usage |= {k: v for k, v in told.items() if v is not None or k not in usage}
    return usage or None


def error_in(event: Json) -> Json:
    """Return what an error event tells; {"type": "malformed_event"} without a word."""
    error = event.get("error")
    return error if isinstance(error, dict) else {"type": "malformed_event"}


def _index(event: Json) -> int | None:
    """A block's number; anything else is one more place, None."""
    return index if isinstance(index := event.get("index"), int) else None


def _object(data: bytes) -> Json | None:
    value = json_or_text(data)
    return value if isinstance(value, dict) else None


def json_or_text(data: bytes | str) -> Any:
    """Return the JSON in `data`, else `data` itself: no tool input, and judged so."""
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return data


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
