"""Both APIs as tests write them: requests, answers, streams."""

from __future__ import annotations

from typing import Any

import msgspec

from routing.quirks import Quirks
from routing.sse import EventSplitter, encode_event, event_data
from routing.streams import MessageFolder
from routing.translating.answer_to_message import message_of
from routing.translating.chunks_to_events import ChunkTranslator
from routing.translating.message_to_answer import EventTranslator
from routing.translating.request_to_chat import chat_request
from routing.translating.request_to_messages import messages_request

OPENAI = Quirks(
    max_tokens_field="max_completion_tokens",
    strict_tools=True,
    reasoning_effort=True,
    files=True,
)
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
DONE = b"data: [DONE]\n\n"


PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}
IMAGE = {"type": "image", "source": PNG}
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "aGk="}


def to_chat(*messages: dict[str, Any], quirks: Quirks = OPENAI, **fields: Any):
    """What a Chat Completions server is asked for these messages."""
    asked = {"max_tokens": 100, "messages": list(messages), **fields}
    return chat_request(asked, model="m", quirks=quirks)


def to_messages(*messages: dict[str, Any], **fields: Any):
    """What the Messages API is asked for these messages."""
    return as_read(messages_request({"messages": list(messages)} | fields, model="m"))


def as_read(asked: dict[str, Any]) -> dict[str, Any]:
    """A request as its provider reads it: parts of it may be JSON already."""
    return msgspec.json.decode(msgspec.json.encode(asked), type=dict[str, Any])


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": said(content)}


def assistant(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": said(content)}


def said(content: tuple[Any, ...]) -> Any:
    if len(content) == 1 and isinstance(content[0], str):
        return content[0]
    return list(content)


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(id_: str, name: str = "look", **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id_, "name": name, "input": given}


def result(id_: str, content: Any = "done", **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id_, "content": content, **fields}


def call(id_: str, arguments: str = "{}", name: str = "look") -> dict[str, Any]:
    return {
        "id": id_,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def chat_answer(
    content: Any = "4", *, finish: Any = "stop", usage: Any = USAGE, **message: Any
) -> dict[str, Any]:
    told = {"role": "assistant", "content": content, "refusal": None, **message}
    choice = {"index": 0, "message": told, "logprobs": None, "finish_reason": finish}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": "small",
        "choices": [choice],
    }
    return answer | ({"usage": usage} if usage else {})


def chunk(finish: Any = None, *, usage: Any = None, **delta: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return chunk_of(choices if delta or finish else [], usage=usage)


def chunk_of(choices: list[Any], **fields: Any) -> bytes:
    told = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_767_225_600,
        "model": "small",
        "choices": choices,
        **fields,
    }
    return encode_event("", msgspec.json.encode(told))


def call_chunk(index: Any, **fields: Any) -> bytes:
    """A chunk that adds to one call; `name` and `arguments` are its function's."""
    function = {k: fields.pop(k) for k in ("name", "arguments") if k in fields}
    told = {"index": index, **fields, "function": function}
    return chunk(tool_calls=[{k: v for k, v in told.items() if v is not None}])


def events_of(*chunks: bytes, native: bool = False) -> list[dict[str, Any]]:
    """The data of the events that a stream of chunks comes to."""
    return [data_of(raw) for raw in raw_events_of(*chunks, native=native)]


def raw_events_of(*chunks: bytes, native: bool = False) -> list[bytes]:
    translator = ChunkTranslator(prompt_tokens=7, native=native)
    return [event for raw in chunks for event in translator.feed(raw)]


def message_told(*chunks: bytes) -> dict[str, Any]:
    """The message that a stream of chunks tells, which must be whole."""
    folder = MessageFolder()
    for raw in raw_events_of(*chunks):
        folder.add(raw)
    assert folder.whole
    completion = folder.completion()
    assert completion is not None
    return dict(completion.message)


def chunks_of(*events: bytes, include_usage: bool = False) -> list[Any]:
    """The data of the chunks that a stream of events comes to; "[DONE]" as text."""
    translator = EventTranslator(created=1, include_usage=include_usage)
    told = b"".join(translator.feed(raw) for raw in events)
    return [data_of(raw) for raw in EventSplitter().feed(told)]


def data_of(raw: bytes) -> Any:
    data = event_data(raw)
    return data.decode() if data in (b"[DONE]", b"") else msgspec.json.decode(data)


def read(answer, **options):
    message = message_of(answer, prompt_tokens=7, **options)
    assert message is not None
    return message


def roles(asked):
    return [message["role"] for message in asked["messages"]]
