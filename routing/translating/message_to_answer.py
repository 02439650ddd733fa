"""An answer of the Messages API, whole or in events -> that of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from routing.sse import encode_event, event_data, event_name
from routing.streams import json_or_text, merged_usage
from routing.translating.counts import chat_usage
from routing.translating.failures import chat_envelope
from routing.translating.stops import finish_reason
from routing.translating.values import Json, json_text, mapping, objects, string

DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"
UNREADABLE = "The provider's answer cannot be read."


def answer_of(message: Mapping[str, Any], *, created: int) -> Json:
    """Return the completion a message is; thoughts are left out.

    `created` is in seconds of the Unix epoch.
    """
    blocks = objects(message.get("content"))
    texts = [string(b.get("text")) for b in blocks if b.get("type") == "text"]
    uses = [b for b in blocks if b.get("type") == "tool_use"]
    told: Json = {
        "role": "assistant",
        "content": "".join(texts) if texts else None,
        "refusal": _refusal(message),
    }
    if uses:
        told["tool_calls"] = [_tool_call(use) for use in uses]
    choice = {
        "index": 0,
        "message": told,
        "logprobs": None,
        "finish_reason": finish_reason(message.get("stop_reason")),
    }
    return {
        **_head(message, "chat.completion", created),
        "choices": [choice],
        "usage": chat_usage(message.get("usage")),
    }


def _tool_call(use: Json) -> Json:
    function = {"name": use.get("name"), "arguments": _arguments(use.get("input"))}
    return {"id": use.get("id"), "type": "function", "function": function}


def _arguments(given: Any) -> str:
    return (
        given if isinstance(given, str) else json_text({} if given is None else given)
    )


def _refusal(told: Mapping[str, Any]) -> str | None:
    """Why a model refused, in its provider's words; None when it did not."""
    if told.get("stop_reason") != "refusal":
        return None
    return string(mapping(told, "stop_details").get("explanation")) or None


def _head(message: Mapping[str, Any], kind: str, created: int) -> Json:
    return {
        "id": f"chatcmpl-{string(message.get('id'))}",
        "object": kind,
        "created": created,
        "model": message.get("model"),
    }


class EventTranslator:
    """Turns the events of one answer into chunks.

    `include_usage`: the client wants the usage, in a chunk of its own before the end.
    """

    def __init__(self, *, created: int, include_usage: bool) -> None:
        self._created = created
        self._include_usage = include_usage
        self._head: Json = _head({}, "chat.completion.chunk", created)
        self._usage: Json | None = None
        self._calls = -1
        self._given: Any = None
        self._over = False

    def feed(self, raw: bytes) -> bytes:
        """Return what one event comes to: chunks, a comment, or nothing.

        One that cannot be read ends the stream with an error.
        """
        name = event_name(raw)
        if name == "ping":  # it may come without data
            return PING
        tell = _TELL.get(name)
        if tell is None or self._over:
            return b""
        event = json_or_text(event_data(raw))
        if isinstance(event, dict):
            return tell(self, event)
        self._over = True
        return _data(chat_envelope("api_error", UNREADABLE))

    def _start(self, event: Json) -> bytes:
        message = mapping(event, "message")
        self._head = _head(message, "chat.completion.chunk", self._created)
        self._usage = merged_usage(None, message.get("usage"))
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _start_block(self, event: Json) -> bytes:
        block = mapping(event, "content_block")
        if block.get("type") == "text" and block.get("text"):
            return self._chunk({"content": block["text"]})
        if block.get("type") != "tool_use":
            return b""
        self._calls += 1
        self._given = block.get("input") or {}
        call = _tool_call({**block, "input": ""})
        return self._chunk({"tool_calls": [{"index": self._calls, **call}]})

    def _grow_block(self, event: Json) -> bytes:
        delta = mapping(event, "delta")
        if delta.get("type") == "text_delta":
            return self._chunk({"content": delta.get("text")})
        if delta.get("type") == "input_json_delta" and self._given is not None:
            text = string(delta.get("partial_json"))
            if text:
                self._given = ""
                return self._call_grows(text)
        return b""

    def _stop_block(self, event: Json) -> bytes:
        """A call that never grew has the input it began with, `{}` for none."""
        given, self._given = self._given, None
        del event
        return (
            b"" if given is None or given == "" else self._call_grows(json_text(given))
        )

    def _call_grows(self, text: str) -> bytes:
        grown = {"index": self._calls, "function": {"arguments": text}}
        return self._chunk({"tool_calls": [grown]})

    def _change(self, event: Json) -> bytes:
        self._usage = merged_usage(self._usage, event.get("usage"))
        delta = mapping(event, "delta")
        reason = delta.get("stop_reason")
        if reason is None:
            return b""
        refusal = _refusal(delta)
        told = {"refusal": refusal} if refusal else {}
        return self._chunk(told, finish=finish_reason(reason))

    def _stop(self, event: Json) -> bytes:
        del event
        if not self._include_usage:
            return DONE
        last = {**self._head, "choices": [], "usage": chat_usage(self._usage)}
        return _data(last) + DONE

    def _fail(self, event: Json) -> bytes:
        error = mapping(event, "error")
        kind, words = string(error.get("type")), string(error.get("message"))
        return _data(chat_envelope(kind, words))

    def _chunk(self, delta: Json, finish: str | None = None) -> bytes:
        choice = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": finish,
        }
        chunk = {**self._head, "choices": [choice]}
        return _data(chunk | {"usage": None} if self._include_usage else chunk)


_TELL = {
    "message_start": EventTranslator._start,
    "content_block_start": EventTranslator._start_block,
    "content_block_delta": EventTranslator._grow_block,
    "content_block_stop": EventTranslator._stop_block,
    "message_delta": EventTranslator._change,
    "message_stop": EventTranslator._stop,
    "error": EventTranslator._fail,
}


def _data(value: Json) -> bytes:
    return encode_event("", msgspec.json.encode(value))
