"""How the bytes of an answer are read, by the dialect they are in.

Drafts are folded into the internal form whatever they came in; what is passed on is
only metered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol

import msgspec

from metrics.types import Usage
from routing.metering import StreamMeter, usage_in_message
from routing.prompt_size import estimated_prompt_tokens
from routing.streams import Json, MessageFolder, parse_message
from routing.translating.answer_to_message import logprobs_of, message_of
from routing.translating.chunks_to_events import ChunkTranslator
from routing.translating.counts import messages_usage
from routing.translating.meters import ChatMeter, usage_in_answer
from routing.translating.values import objects
from routing.types import ChatRequest, Completion, Dialect, Target
from routing.usage import usage_of


class Folder(Protocol):
    """Folds the events of one answer into a completion."""

    def add(self, raw: bytes) -> None:
        """Take the next event, exactly as it came."""

    @property
    def whole(self) -> bool:
        """Whether an answer began, ended, and nothing went wrong between."""

    def completion(self) -> Completion | None:
        """Return the answer as told so far; None when none has begun."""

    def ended_calls(self, at_most: int) -> list[Json]:
        """Return the next tool calls that have ended, each once. Cost: joins them."""


class Meter(Protocol):
    """Watches a live answer go by."""

    complete: bool
    lost: bool
    error: Json | None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""

    @property
    def mid_event(self) -> bool:
        """Whether the stream stands inside an event, or may do so."""

    @property
    def ended(self) -> bool:
        """Whether an end of the stream now would be one."""

    @property
    def usage(self) -> Usage | None:
        """The usage told so far; None when none was."""

    @property
    def usage_so_far(self) -> Usage | None:
        """The usage of a stream that is left before its end: what was heard counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The readers of one dialect; each gets the request that is answered."""

    folder: Callable[[ChatRequest], Folder]
    whole: Callable[[bytes, ChatRequest], Completion | None]
    meter: Callable[[ChatRequest], Meter]
    usage_in_whole: Callable[[bytes, ChatRequest], tuple[bool, Usage | None]]


def answer_dialect(request: ChatRequest, target: Target) -> Dialect:
    """Return whose shape the reply of `target` has here.

    That is its own for a client that speaks it; any other reply is presented in the
    internal form.
    """
    spoken = request.native is not None and target.provider.dialect == "openai"
    return "openai" if spoken else "anthropic"


class ChunkFolder:
    """Folds the chunks of a Chat Completions stream into the internal form."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._folder = MessageFolder()

    @cached_property
    def _translator(self) -> ChunkTranslator:
        """Made for a stream alone: its estimate reads the whole prompt."""
        prompt_tokens = estimated_prompt_tokens(self._request)
        return ChunkTranslator(prompt_tokens=prompt_tokens, native=True)

    def add(self, raw: bytes) -> None:
        """Take the next event, exactly as it came."""
        for event in self._translator.feed(raw):
            self._folder.add(event)

    @property
    def whole(self) -> bool:
        """Whether an answer began, ended, and nothing went wrong between."""
        self._end()
        return self._folder.whole

    def completion(self) -> Completion | None:
        """Return the answer as told so far; None when none has begun."""
        self._end()
        told = self._folder.completion()
        logprobs = tuple(self._translator.logprobs)
        return dataclasses.replace(told, logprobs=logprobs) if told else None

    def ended_calls(self, at_most: int) -> list[Json]:
        """Return the next tool calls that have ended, each once. Cost: joins them."""
        return self._folder.ended_calls(at_most)

    def _end(self) -> None:
        # Some servers tell why they stopped, and no end.
        for event in self._translator.end():
            self._folder.add(event)


def _parse_answer(body: bytes, request: ChatRequest) -> Completion | None:
    try:
        answer = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    # Estimated only where nothing is told: it reads the whole prompt.
    told = messages_usage(answer.get("usage")) is not None
    prompt_tokens = 0 if told else estimated_prompt_tokens(request)
    message = message_of(answer, prompt_tokens=prompt_tokens, native=True)
    if message is None:
        return None
    return Completion(
        message=message,
        usage=usage_of(message["usage"]),
        logprobs=logprobs_of(objects(answer["choices"])[0]),
    )


READINGS: Mapping[Dialect, Reading] = {
    "anthropic": Reading(
        folder=lambda _request: MessageFolder(),
        whole=lambda body, _request: parse_message(body),
        meter=lambda _request: StreamMeter(),
        usage_in_whole=lambda body, _request: usage_in_message(body),
    ),
    "openai": Reading(
        folder=ChunkFolder,
        whole=_parse_answer,
        meter=lambda request: ChatMeter(partial(estimated_prompt_tokens, request)),
        usage_in_whole=lambda body, request: usage_in_answer(
            body, partial(estimated_prompt_tokens, request)
        ),
    ),
}
