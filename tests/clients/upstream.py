"""The upstream of these tests: plays scenes, and is the simulator for all the rest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from routing.simulator import Simulator
from routing.simulator.values import Chunk, Headers, Reply, Request
from tests.clients.scenes import SCENES, Asked, Refuses, Says, asked

# A client that is told to call a subagent again and again would never end.
MOST_REQUESTS_OF_A_RUN = 20
_USAGE = {
    "input_tokens": 11,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 2,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "service_tier": "standard",
    "inference_geo": "not_available",
    "counted_in_the_future": {"dreams": 3},
}
_HEADERS: Headers = (
    ("anthropic-organization-id", "00000000-0000-4000-8000-000000000001"),
    ("anthropic-ratelimit-requests-limit", "4000"),
    ("anthropic-ratelimit-requests-remaining", "3999"),
    ("anthropic-ratelimit-requests-reset", "2026-11-23T12:00:00Z"),
    ("x-header-of-the-future", "kept"),
)


class SceneUpstream(Simulator):
    """Plays the scene that a prompt names; `simulator.requests` shows what came.

    A run of a scene that asks more often than any of them needs is told 403, which no
    client repeats.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked: Counter[tuple[str, str]] = Counter()
        self._failures: Counter[tuple[str, str]] = Counter()

    def asked_of(self, model: str, scene: str, run: str) -> list[Request]:
        """Return the requests of a run of a scene that came for `model`, in order."""
        mark = f"[[scene:{scene}/{run}".encode()
        name = f'"{model}"'.encode()
        return [r for r in self.requests if mark in r.body and name in r.body]

    def _answer(self, request: Request) -> Reply:
        answer = super()._answer(request)
        return self._played(request) or answer

    def _played(self, request: Request) -> Reply | None:
        if request.method != "POST" or request.path != "/v1/messages":
            return None
        ask = asked(request.body)
        if ask is None or ask.scene not in SCENES:
            return None
        run = (ask.scene, ask.run)
        ask = replace(ask, tries=self._asked[run], failures=self._failures[run])
        if ask.tries >= MOST_REQUESTS_OF_A_RUN:
            return _refusal(Refuses(status=403, error_type="permission_error"), ask)
        self._asked[run] += 1
        said = SCENES[ask.scene](ask)
        if ask.speaker == "verifier" and (isinstance(said, Refuses) or said.breaks):
            self._failures[run] += 1
        return _refusal(said, ask) if isinstance(said, Refuses) else _reply(said, ask)


def _headers(ask: Asked, content_type: str) -> Headers:
    request_id = f"req_{ask.scene}{ask.speaker}{ask.turn}"
    return (("content-type", content_type), ("request-id", request_id), *_HEADERS)


def _refusal(said: Refuses, ask: Asked) -> Reply:
    headers = _headers(ask, "application/json") + tuple(said.headers.items())
    error = {"type": said.error_type, "message": said.message}
    body = {"type": "error", "error": error, "request_id": dict(headers)["request-id"]}
    return Reply(status=said.status, headers=headers, chunks=(_chunk(body),))


def _reply(said: Says, ask: Asked) -> Reply:
    if ask.body.get("stream"):
        return _stream(said, ask)
    message = _message(ask) | {"content": said.blocks, **_ending(said, ask)}
    body = _chunk(message | {"usage": _USAGE | {"output_tokens": 21}})
    headers = _headers(ask, "application/json")
    if said.breaks:
        half = Chunk(data=body.data[: len(body.data) // 2])
        length = len(body.data)
        broken: dict[str, Any] = {"ending": "reset", "declared_length": length}
        return Reply(status=200, headers=headers, chunks=(half,), **broken)
    return Reply(status=200, headers=headers, chunks=(body,))


def _stream(said: Says, ask: Asked) -> Reply:
    events = list(_events(said, ask))
    if said.breaks:
        events = events[: len(events) // 2]
    if said.breaks == "error":
        error = {"type": "overloaded_error", "message": "Overloaded"}
        events.append({"type": "error", "error": error})
    return Reply(
        status=200,
        headers=_headers(ask, "text/event-stream; charset=utf-8"),
        chunks=tuple(_event(event) for event in events),
        chunked=True,
        ending="reset" if said.breaks == "cut" else "end",
    )


def _message(ask: Asked) -> dict[str, Any]:
    return {
        "id": f"msg_{ask.scene}{ask.speaker}{ask.turn}",
        "type": "message",
        "role": "assistant",
        "model": ask.body["model"],
        "told_in_the_future": ask.speaker,
    }


def _ending(said: Says, ask: Asked) -> dict[str, Any]:
    ending = {"stop_reason": said.stop_reason, "stop_sequence": said.stop_sequence}
    if ask.body.get("safeguards") and ask.words.get("verdict") != "none":
        verdict = {"type": "evaluated", "outcome": "not_flagged"}
        uses = {b["id"]: verdict for b in said.blocks if b["type"] == "tool_use"}
        status = {"type": "available", "tool_uses": uses}
        result = {"type": "dangerous_tool_use", "status": status}
        return ending | {"safeguard_results": [result]}
    return ending


def _events(said: Says, ask: Asked) -> Iterator[dict[str, Any]]:
    nothing = {"content": [], "stop_reason": None, "stop_sequence": None}
    started = _message(ask) | nothing | {"usage": _USAGE | {"output_tokens": 1}}
    yield {"type": "message_start", "message": started}
    yield {"type": "ping"}
    for index, block in enumerate(said.blocks):
        opened, deltas = _opened(block)
        yield {"type": "content_block_start", "index": index, "content_block": opened}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    usage = {"output_tokens": 21}
    yield {"type": "message_delta", "delta": _ending(said, ask), "usage": usage}
    yield {"type": "message_stop"}


def _opened(block: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """Return the block as it starts, and what is added to it piece by piece."""
    if block["type"] == "text":
        return _opened_text(block)
    if block["type"] == "thinking":
        deltas = [
            {"type": "thinking_delta", "thinking": piece}
            for piece in _pieces(block["thinking"])
        ]
        signature = {"type": "signature_delta", "signature": block["signature"]}
        return {"type": "thinking", "thinking": "", "signature": ""}, [
            *deltas,
            signature,
        ]
    if "input" in block:
        written = ["", *_pieces(json.dumps(block["input"]))]
        return {**block, "input": {}}, [
            {"type": "input_json_delta", "partial_json": piece} for piece in written
        ]
    return block, []


def _opened_text(
    block: Mapping[str, Any],
) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"])]
    cited = block.get("citations")
    if cited is None:
        return {"type": "text", "text": ""}, deltas
    added = [{"type": "citations_delta", "citation": citation} for citation in cited]
    return {"type": "text", "text": "", "citations": []}, [*added, *deltas]


def _pieces(words: str) -> list[str]:
    return [words[start : start + 7] for start in range(0, len(words), 7)]


def _chunk(value: Any) -> Chunk:
    return Chunk(data=json.dumps(value, ensure_ascii=False).encode())


def _event(data: Mapping[str, Any]) -> Chunk:
    text = json.dumps(data, ensure_ascii=False)
    return Chunk(data=f"event: {data['type']}\ndata: {text}\n\n".encode())
