"""A whole Chat Completions answer -> the message it is in the Messages API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.translating.counts import estimated_usage, messages_usage
from routing.translating.ids import minted
from routing.translating.parts import text_part
from routing.translating.stops import (
    ending,
)
from routing.translating.values import (
    Json,
    count,
    json_text,
    mapping,
    objects,
    parsed_object,
    string,
    texts_of,
)
from routing.usage import with_tier


def message_of(
    answer: Mapping[str, Any], *, prompt_tokens: int, native: bool = False
) -> Json | None:
    """Return the message an answer is; None when it is no answer: no choice in it.

    Only the first choice counts. `prompt_tokens` stands in where usage is missing, and
    the usage is marked so. `native`: its client speaks Chat Completions too and sends
    the ids of its calls back as they are; else they are made unique.
    """
    choices = objects(answer.get("choices"))
    if not choices:
        return None
    choice, told = choices[0], mapping(choices[0], "message")
    refusal = string(told.get("refusal"))
    calls = calls_of(told)
    salt = () if native else salt_of(answer)
    blocks = [text_part(text) for text in texts_of(told.get("content")) if text]
    blocks += [text_part(refusal)] if refusal else []
    blocks += [tool_use(c, i, salt) for i, c in enumerate(calls)]
    usage = messages_usage(answer.get("usage")) or estimated_usage(
        prompt_tokens, len(json_text(blocks))
    )
    reason, stopped = ending(choice, calls_tools=bool(calls), refused=bool(refusal))
    return {
        "id": message_id(answer),
        "type": "message",
        "role": "assistant",
        "model": string(answer.get("model")),
        "content": blocks,
        "stop_reason": reason,
        "stop_sequence": stopped,
        "usage": with_tier(usage, answer.get("service_tier")),
    }


def calls_of(message: Mapping[str, Any]) -> list[Json]:
    """Return the tool calls of a message; the one of the old shape counts too."""
    calls = objects(message.get("tool_calls"))
    old = message.get("function_call")
    if not calls and isinstance(old, dict):
        return [{"index": 0, "function": old}]
    return calls


def tool_use(call: Mapping[str, Any], index: int, salt: tuple[str, ...]) -> Json:
    """Return the block of one call. Its input is text when it is no JSON."""
    function = mapping(call, "function")
    arguments = function.get("arguments")
    given = parsed_object(arguments) if isinstance(arguments, str) else arguments
    return {
        "type": "tool_use",
        "id": call_id(string(call.get("id")), index, salt),
        "name": string(function.get("name")),
        "input": {} if given is None else given,
    }


def call_id(foreign: str, index: int, salt: tuple[str, ...]) -> str:
    """Return the id of the call at `index`: the same for the same answer."""
    return minted(foreign, *salt, str(index)) if salt else minted(foreign)


def salt_of(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what tells one answer of a server from another: some number them anew."""
    created = count(answer.get("created"))
    return (string(answer.get("id")), str(created or 0))


def message_id(answer: Mapping[str, Any]) -> str:
    """Return the id of the message, made from the answer's own."""
    return minted(string(answer.get("id")), *salt_of(answer)).replace("toolu_", "msg_")


def logprobs_of(choice: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the log probabilities of a choice's tokens; () when it tells none."""
    tokens = objects(mapping(choice, "logprobs").get("content"))
    told = (token.get("logprob") for token in tokens)
    return tuple(float(p) for p in told if isinstance(p, int | float))
