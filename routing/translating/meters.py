"""What an answer in OpenAI's dialect tells of its cost and its end while it passes by.

The same as `routing.metering`, for answers that keep their own shape: those of Chat
Completions and of the Responses API.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from metrics.types import Usage
from routing.metering import EventMeter
from routing.sse import event_data
from routing.streams import Json
from routing.translating.counts import (
    CHARS_PER_TOKEN,
    estimated_usage,
    messages_usage,
    responses_usage,
)
from routing.translating.failures import messages_stream_error
from routing.types import ChatRequest, Target
from routing.usage import usage_of, with_tier

_DONE = b"[DONE]"
# Source: OpenAI API reference, "Responses", streaming events.
_RESPONSE_ENDS = ("response.completed", "response.incomplete", "response.failed")
# Most events hold a token of text and nothing that is looked at: reading those would
# cost several times as much. Within a text quotes are escaped.
_TELLING = (
    _DONE,
    b'"usage":{',
    b'"usage": {',
    b'"error"',
    b'"x_groq"',
    b'"response":{',
    b'"response": {',
    *(b'"%b"' % end.encode() for end in _RESPONSE_ENDS),
    b'"finish_reason":"',
    b'"finish_reason": "',
)
_CHAT_END = "/chat/completions"
_USAGE = re.compile(rb'"usage"\s*:\s*\{')
# Calls that the client answers itself. Others are run, and most are billed, there.
# Source: OpenAI API reference, "Responses", items of `output`.
_CLIENTS_CALLS = (
    "function_call",
    "custom_tool_call",
    "local_shell_call",
    "apply_patch_call",
    "computer_call",
)
# An event around a token of text, of a name and a number; only where usage is missing.
_CHARS_AROUND = 200


class _Choice(msgspec.Struct, gc=False, frozen=True):
    finish_reason: Any = None


class _Chunk(msgspec.Struct, gc=False, frozen=True):
    """What of a chunk, or of a whole answer, the meter looks at."""

    choices: msgspec.Raw = msgspec.Raw(b"[]")
    usage: Any = None
    error: Any = None
    x_groq: Any = None
    response: Any = None
    type: Any = None
    object: Any = None
    message: Any = None
    service_tier: Any = None
    output: Any = None

    @property
    def as_error(self) -> Json:
        """The chunk as the error it is, where it says so by its type."""
        return {"message": self.message}

    @property
    def choices_told(self) -> list[_Choice]:
        """The choices; none where that is null, or no list of objects."""
        try:
            return _CHOICES.decode(self.choices)
        except (ValueError, RecursionError):
            return []

    @property
    def as_response(self) -> Json:
        """What an answer of the Responses API tells, in an event or by itself."""
        if self.object == "response":
            told = {"usage": self.usage, "output": self.output}
            return told | {"service_tier": self.service_tier}
        return self.response if isinstance(self.response, dict) else {}

    @property
    def tier(self) -> Any:
        """The tier it was worked on in; None where nothing is said."""
        return self.service_tier or self.as_response.get("service_tier")


_CHUNK = msgspec.json.Decoder(_Chunk)
_CHOICES = msgspec.json.Decoder(list[_Choice])


class ChatMeter(EventMeter):
    """Watches a live stream of chunks go by: the usage so far, and how it ended.

    Usage nobody told is estimated from what was written, and marked; only then is
    `prompt_tokens` asked, which reads the whole prompt.
    """

    def __init__(self, prompt_tokens: Callable[[], int]) -> None:
        super().__init__()
        self._prompt_tokens = prompt_tokens
        self._told: Json | None = None
        self._tier: Any = None
        self._written_chars = 0
        self._finished = False

    @property
    def ended(self) -> bool:
        """Whether an end of the stream now would be one: some send no `[DONE]`."""
        return self._finished and not self.mid_event

    @property
    def usage(self) -> Usage | None:
        """The usage told, else an estimate; None before anything came."""
        if self._told is None and self._events == 0:
            return None
        told = self._told
        if told is None:
            told = estimated_usage(self._prompt_tokens(), self._written_chars)
        return usage_of(with_tier(told, self._tier))

    @property
    def usage_so_far(self) -> Usage | None:
        """The same: without usage told, what was heard is estimated at any time."""
        return self.usage

    def _note(self, raw: bytes) -> None:
        self._written_chars += max(len(raw) - _CHARS_AROUND, CHARS_PER_TOKEN)
        if not any(word in raw for word in _TELLING):
            return
        data = event_data(raw).strip()
        if data == _DONE:
            self.complete = True
            return
        told = _chunk(data)
        self._told = _usage(told) or self._told
        self._tier = told.tier or self._tier
        self.complete = self.complete or told.type in _RESPONSE_ENDS
        self._finished = self._finished or any(
            choice.finish_reason for choice in told.choices_told
        )
        if told.error or told.type == "error":
            self.error = messages_stream_error(told.error or told.as_error)["error"]


def counts_for_us(request: ChatRequest, target: Target) -> bool:
    """Whether a stream is asked for usage that its client did not ask for."""
    native = request.native
    if native is None or not request.stream or native.include_usage:
        return False
    return target.provider.quirks.count_streams and native.path.endswith(_CHAT_END)


def tells_usage_alone(raw: bytes) -> bool:
    """Whether an event of a stream is the chunk that tells its usage, and no more."""
    if not _USAGE.search(raw):  # OpenAI tells null in all others
        return False
    told = _chunk(event_data(raw).strip())
    return not told.choices_told and isinstance(told.usage, dict) and not told.error


def usage_in_answer(
    body: bytes, prompt_tokens: Callable[[], int]
) -> tuple[bool, Usage | None]:
    """Return whether a body is an answer, and its usage: told, else estimated.

    `prompt_tokens` is asked for an estimate alone.
    """
    told = _chunk(body)
    if not told.choices_told and told.object != "response":
        return False, None
    usage = _usage(told) or estimated_usage(prompt_tokens(), len(body))
    return True, usage_of(with_tier(usage, told.tier))


def _usage(told: _Chunk) -> Json | None:
    groq = told.x_groq.get("usage") if isinstance(told.x_groq, dict) else None
    usage = messages_usage(told.usage) or messages_usage(groq)
    if usage is not None:
        return usage
    response = told.as_response
    usage = responses_usage(response.get("usage"))
    tools = _tools_run(response.get("output"))
    return {**usage, "server_tool_use": tools} if usage and tools else usage


def _tools_run(output: Any) -> Json:
    """Return how often the provider ran which tool, whose price no count tells."""
    items = output if isinstance(output, list) else []
    kinds = [str(i.get("type")) for i in items if isinstance(i, dict)]
    run = [k for k in kinds if k.endswith("_call") and k not in _CLIENTS_CALLS]
    return {kind.removesuffix("_call"): run.count(kind) for kind in run}


def _chunk(data: bytes) -> _Chunk:
    try:
        return _CHUNK.decode(data)
    except (ValueError, RecursionError):
        return _Chunk()
