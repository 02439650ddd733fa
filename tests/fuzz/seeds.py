"""Real inputs that fuzzing starts from: streams, messages and requests."""

from __future__ import annotations

import msgspec

from routing.replaying import replay
from tests.builders import (
    make_body,
    make_completion,
    make_events,
    make_tool,
    make_tool_use,
)

MESSAGE = make_completion(
    content=[
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Grün 😀", "citations": [{"cited_text": "a"}]},
        make_tool_use(arguments={"city": "Zürich", "n": [1, 2.5e3, None]}),
    ],
    stop_details=None,
).message | {"usage": {"input_tokens": 20, "output_tokens": 10}}

STREAMS = tuple(
    stream.replace(b"\n", line_end)
    for line_end in (b"\n", b"\r\n", b"\r")
    for stream in (
        b"".join(make_events("Hel", "lo")),
        b"".join(replay(MESSAGE)),
        b': note\n\ndata: a\ndata: b\n\nevent: error\ndata: {"error":{"type":"e"}}\n\n',
        b'event: message_start\ndata: {"message":\ndata:  {"model":\ndata: "m"}}\n\n',
    )
)
REQUEST = make_body(
    max_tokens=8192,
    system=[{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}],
    tools=[make_tool(), {"type": "web_search_20260318", "name": "web_search"}],
    tool_choice={"type": "any", "disable_parallel_tool_use": True},
    thinking={"type": "enabled", "budget_tokens": 2048, "display": "omitted"},
    output_config={"effort": "medium", "format": {"type": "json_schema"}},
    metadata={"user_id": "u"},
    temperature=0.5,
    messages=[
        {"role": "user", "content": "What is it like in Zürich?"},
        {"role": "assistant", "content": MESSAGE["content"]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}],
        },
    ],
)
BODIES = (
    REQUEST,
    make_body(),
    msgspec.json.format(make_body(stream=True, system="Be brief."), indent=2),
    b' {"\\u006dodel" : "m",\r\n\t"messages":[ ] , "max_tokens":1e2, "x":{"model":1}} ',
    msgspec.json.format(msgspec.json.encode(MESSAGE), indent=1),
)
