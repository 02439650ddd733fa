"""A Chat Completions request -> the same request of the Messages API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from routing.translating.ids import MintedIds
from routing.translating.parts import message_blocks, text_part
from routing.translating.schemas import (
    message_format,
    message_tool_choice,
    message_tools,
)
from routing.translating.values import (
    LIMITS,
    SAMPLING,
    CannotBeSaid,
    Json,
    all_objects,
    raw_object,
    string,
    text_in,
)

# The Messages API wants a limit, Chat Completions does not. Every model of today can
# write as much. Source: routing/data/models.json.
DEFAULT_MAX_TOKENS = 32_000
# The Messages API takes temperatures up to here, Chat Completions up to 2.
MAX_TEMPERATURE = 1.0
SYSTEM_ROLES = ("system", "developer")
# Parameters that change what an answer is, and that the Messages API has not. Others
# that it has not (`seed`, penalties) are advice, and left out.
ONLY_IN_CHAT = (
    "logprobs",
    "audio",
    "functions",
    "function_call",
    "web_search_options",
)
# The same of a message: its old shape of a call, and sound it made.
_ONLY_SAID_IN_CHAT = ("function_call", "audio")
_EFFORTS = {"none": "low", "minimal": "low"}


def only_in_chat(fields: Mapping[str, Any]) -> str:
    """Return the parameter that the Messages API has no words for; "" without one."""
    if fields.get("n") not in (None, 1):
        return "n"
    for name in ONLY_IN_CHAT:
        if fields.get(name):
            return name
    modalities = fields.get("modalities")
    return "modalities" if modalities and modalities != ["text"] else ""


def messages_request(fields: Mapping[str, Any], *, model: str) -> Json:
    """Return the request of the Messages API that asks what `fields` ask of `model`.

    The inputs of its calls are JSON as the client wrote it: it is made to be encoded.
    Raises CannotBeSaid for what would be answered otherwise than it was meant.
    """
    if name := only_in_chat(fields):
        raise CannotBeSaid(f"{name}: this model's provider has no such parameter.")
    system, messages = _conversation(all_objects(fields.get("messages"), "messages"))
    asked: Json = {"model": model, "max_tokens": _limit(fields)}
    if system:
        asked["system"] = system
    asked["messages"] = messages
    asked |= _sampling(fields)
    if tools := message_tools(fields.get("tools")):
        asked["tools"] = tools
        if choice := message_tool_choice(fields):
            asked["tool_choice"] = choice
    if output := _output(fields):
        asked["output_config"] = output
    if fields.get("stream") is True:
        asked["stream"] = True
    return asked


def _limit(fields: Mapping[str, Any]) -> int:
    """Return the limit of the answer: the greater one where both names are given."""
    told = [(n, fields[n]) for n in LIMITS if fields.get(n) is not None]
    for name, limit in told:
        if type(limit) is not int or limit < 1:
            raise CannotBeSaid(f"{name}: an integer of at least 1 is required.")
    return max((limit for _, limit in told), default=DEFAULT_MAX_TOKENS)


def _sampling(fields: Mapping[str, Any]) -> Json:
    told = {name: fields[name] for name in SAMPLING if fields.get(name) is not None}
    if isinstance(told.get("temperature"), int | float):
        told["temperature"] = min(told["temperature"], MAX_TEMPERATURE)
    stop = fields.get("stop")
    if stop:
        told["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    return told


def _output(fields: Mapping[str, Any]) -> Json:
    told: Json = {}
    if effort := string(fields.get("reasoning_effort")):
        told["effort"] = _EFFORTS.get(effort, effort)
    if form := message_format(fields):
        told["format"] = form
    return told


def _conversation(messages: Sequence[Json]) -> tuple[str | list[Json], list[Json]]:
    """Return the system prompt, and the turns that come after it."""
    begun = next(
        (i for i, m in enumerate(messages) if m.get("role") not in SYSTEM_ROLES),
        len(messages),
    )
    contents = [message.get("content") for message in messages[:begun]]
    if len(contents) == 1 and isinstance(contents[0], str):
        return contents[0], list(_turns(messages[begun:]))
    blocks = [block for content in contents for block in message_blocks(content)]
    return blocks, list(_turns(messages[begun:]))


def _turns(messages: Sequence[Json]) -> Iterator[Json]:
    """Yield the turns; results of tools and what the user says next are one."""
    ids = MintedIds()
    results: list[Json] = []
    for position, message in enumerate(messages):
        role = message.get("role")
        if role == "tool":
            results.append(_result(message, ids))
            continue
        if role == "user" and results:
            said = message_blocks(message.get("content"))
            yield {"role": "user", "content": [*results, *said]}
            results = []
            continue
        if results:
            yield {"role": "user", "content": results}
            results = []
        yield _turn(message, position, ids)
    if results:
        yield {"role": "user", "content": results}


def _turn(message: Json, position: int, ids: MintedIds) -> Json:
    content = message.get("content")
    match message.get("role"):
        case "assistant":
            return {"role": "assistant", "content": _said(message, position, ids)}
        case "user":
            return {"role": "user", "content": _content(content)}
        case role if role in SYSTEM_ROLES:
            return {"role": "system", "content": _content(content)}
        case role:
            raise CannotBeSaid(f"messages: this model knows no role {role}.")


def _content(content: Any) -> str | list[Json]:
    return content if isinstance(content, str) else message_blocks(content)


def _said(message: Json, position: int, ids: MintedIds) -> str | list[Json]:
    for name in _ONLY_SAID_IN_CHAT:
        if message.get(name):
            raise CannotBeSaid(f"messages: this model takes no {name} of a message.")
    content = message.get("content")
    calls = all_objects(message.get("tool_calls"), "messages: tool_calls")
    refusal = string(message.get("refusal"))
    if isinstance(content, str) and not calls and not refusal:
        return content
    blocks = message_blocks(content)
    # Some tell it in a part and beside the parts.
    if refusal and text_part(refusal) not in blocks:
        blocks.append(text_part(refusal))
    uses = (
        _tool_use(call, ids.of_call(string(call.get("id")), position, index))
        for index, call in enumerate(calls)
    )
    return [*blocks, *uses]


def _tool_use(call: Json, id_: str) -> Json:
    function = call.get("function")
    if not isinstance(function, dict):
        raise CannotBeSaid("messages: this model knows functions as tools only.")
    said = function.get("arguments")
    text = "" if said is None else text_in(function, "arguments")
    given = raw_object(text)
    return {
        "type": "tool_use",
        "id": id_,
        "name": function.get("name"),
        # History must hold an object; a call that was none went wrong long ago.
        "input": {"arguments": text} if given is None else given,
    }


def _result(message: Json, ids: MintedIds) -> Json:
    return {
        "type": "tool_result",
        "tool_use_id": ids.of_result(string(message.get("tool_call_id"))),
        "content": _content(message.get("content")),
    }
