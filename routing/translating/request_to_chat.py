"""A request of the Messages API -> the same request to a Chat Completions server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from routing.quirks import Quirks
from routing.translating.ids import ForeignIds
from routing.translating.parts import chat_content, chat_parts, is_medium, text_part
from routing.translating.schemas import chat_format, chat_tool_choice, chat_tools
from routing.translating.values import (
    SAMPLING,
    CannotBeSaid,
    Json,
    json_text,
    mapping,
    objects,
    string,
)

# Source: OpenAI API reference, `stop`.
MAX_STOPS = 4
# What a model wrote for itself: no other has a use for it, and it is signed.
_THOUGHTS = ("thinking", "redacted_thinking")
_EFFORTS = {"max": "xhigh"}


def chat_request(
    fields: Mapping[str, Any], *, model: str, quirks: Quirks, prefill: bool = False
) -> Json:
    """Return the Chat Completions request that asks what `fields` ask of `model`.

    `prefill`: the server goes on with a last message of the assistant's. Raises
    CannotBeSaid for what would be answered otherwise than it was meant; what is only
    advice (`top_k`, cache marks, thinking) is left out. See docs/compatibility.md.
    """
    messages = [*_system(fields.get("system"), quirks), *_turns(fields, quirks)]
    if messages and messages[-1]["role"] == "assistant" and not prefill:
        raise CannotBeSaid(
            "messages: this model's provider does not go on with an answer begun."
        )
    tools = chat_tools(fields.get("tools"), quirks)
    asked: Json = {"model": model, "messages": messages}
    asked |= _limits(fields, quirks)
    if tools:
        asked["tools"] = tools
        asked |= chat_tool_choice(fields.get("tool_choice"), quirks)
    asked |= chat_format(fields, quirks)
    asked |= _effort(fields, quirks) | _streaming(fields, quirks)
    if quirks.logprobs:
        asked["logprobs"] = True
    return asked


def _limits(fields: Mapping[str, Any], quirks: Quirks) -> Json:
    told: Json = {}
    limit = fields.get("max_tokens")
    if limit == 0:
        raise CannotBeSaid("max_tokens: this model's provider warms no cache.")
    if limit is not None:
        told[quirks.max_tokens_field] = limit
    told |= {name: fields[name] for name in SAMPLING if fields.get(name) is not None}
    stops = fields.get("stop_sequences")
    if isinstance(stops, list) and len(stops) > MAX_STOPS:
        raise CannotBeSaid(f"stop_sequences: this model takes {MAX_STOPS} at most.")
    if stops:
        told["stop"] = stops
    return told


def effort_of(output_config: Any) -> str:
    """Return the `reasoning_effort` an `output_config` comes to; "" for none."""
    effort = string(mapping(output_config).get("effort"))
    return _EFFORTS.get(effort, effort)


def _effort(fields: Mapping[str, Any], quirks: Quirks) -> Json:
    effort = effort_of(fields.get("output_config"))
    return {"reasoning_effort": effort} if effort and quirks.reasoning_effort else {}


def _streaming(fields: Mapping[str, Any], quirks: Quirks) -> Json:
    if fields.get("stream") is not True:
        return {}
    usage = {"stream_options": {"include_usage": True}} if quirks.stream_usage else {}
    return {"stream": True, **usage}


def _system(system: Any, quirks: Quirks) -> list[Json]:
    parts = chat_parts(system, quirks) if system else []
    return [_message(quirks.system_role, parts)] if parts else []


def _message(role: str, parts: list[Json]) -> Json:
    return {"role": role, "content": chat_content(parts)}


def _turns(fields: Mapping[str, Any], quirks: Quirks) -> Iterator[Json]:
    ids = ForeignIds()
    for turn in objects(fields.get("messages")):
        content = turn.get("content")
        match turn.get("role"):
            case "system":
                yield from _system(content, quirks)
            case "assistant":
                yield from _assistant(content, ids, quirks)
            case _:
                yield from _user(content, ids, quirks)


def _assistant(content: Any, ids: ForeignIds, quirks: Quirks) -> Iterator[Json]:
    """Yield one message, or none when the turn held thoughts alone."""
    if isinstance(content, str):
        yield {"role": "assistant", "content": content}
        return
    blocks = [b for b in objects(content) if b.get("type") not in _THOUGHTS]
    calls = [_call(b, ids) for b in blocks if b.get("type") == "tool_use"]
    said = chat_parts([b for b in blocks if b.get("type") != "tool_use"], quirks)
    if any(map(is_medium, said)):
        raise CannotBeSaid(
            "messages: the assistant of this model's provider only says."
        )
    message: Json = {"role": "assistant", "content": chat_content(said) or None}
    if calls:
        message["tool_calls"] = calls
    if said or calls:
        yield message


def _call(block: Json, ids: ForeignIds) -> Json:
    arguments = json_text(block.get("input", {}))
    return {
        "id": ids.of(string(block.get("id"))),
        "type": "function",
        "function": {"name": block.get("name"), "arguments": arguments},
    }


def _user(content: Any, ids: ForeignIds, quirks: Quirks) -> Iterator[Json]:
    """Yield the results of tools first, each a message; then what the user says.

    Images in results go to the user's message: a result is text alone.
    """
    if isinstance(content, str):
        yield {"role": "user", "content": content}
        return
    blocks = objects(content)
    said: list[Json] = []
    for block in (b for b in blocks if b.get("type") == "tool_result"):
        message, images = _result(block, ids, quirks)
        yield message
        said += images
    said += chat_parts([b for b in blocks if b.get("type") != "tool_result"], quirks)
    if said or not blocks:
        yield _message("user", said)


def _result(block: Json, ids: ForeignIds, quirks: Quirks) -> tuple[Json, list[Json]]:
    own = string(block.get("tool_use_id"))
    parts = chat_parts(block.get("content") or "", quirks)
    texts = [part for part in parts if not is_medium(part)]
    images = [part for part in parts if is_medium(part)]
    if block.get("is_error") is True:
        texts = [text_part("Error:"), *texts]
    if images:
        texts = [*texts, text_part(f"(what it shows follows: {len(images)})")]
    content = chat_content(texts)
    return {"role": "tool", "tool_call_id": ids.of(own), "content": content}, images
