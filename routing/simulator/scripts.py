"""Scripted answers: a test says what the upstream will send, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, TypedDict

import msgspec

from routing.simulator.values import Chunk, Headers, Reply, Request


class ScriptedAnswer(TypedDict, total=False):
    """One answer. Everything is optional; the default is an empty 200.

    `chunks` are sent with chunked encoding, each as bytes or as (seconds to wait,
    bytes); `body` with its length. `abort`: "reset" or True sends a TCP reset after
    the last byte, "cut" closes without the end of the framing. `delay_s` passes before
    the status line. With `model`, only a request for that model takes it.
    """

    status: int
    headers: Mapping[str, str] | Sequence[tuple[str, str]]
    body: bytes
    chunks: Sequence[bytes | tuple[float, bytes]]
    abort: bool | str
    delay_s: float
    model: str


class Script:
    """A queue of scripted answers, safe to fill from another thread."""

    def __init__(self) -> None:
        self._waiting: list[ScriptedAnswer] = []
        self._lock = Lock()

    def extend(self, answers: Iterable[ScriptedAnswer]) -> None:
        """Queue `answers` after those still waiting.

        Raises:
            TypeError: an answer has a key that does not exist.
        """
        added = list(answers)
        for answer in added:
            unknown = answer.keys() - ScriptedAnswer.__annotations__.keys()
            if unknown:
                raise TypeError(f"a scripted answer has no {sorted(unknown)}")
        with self._lock:
            self._waiting += added

    def take(self, request: Request) -> Reply | None:
        """Return the next answer for `request` and forget it; None without one."""
        with self._lock:
            model = _model_of(request) if self._waiting else None
            for index, answer in enumerate(self._waiting):
                if answer.get("model") in (None, model):
                    return _reply(self._waiting.pop(index))
        return None

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting)


def _model_of(request: Request) -> Any:
    try:
        fields = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return fields.get("model") if isinstance(fields, dict) else None


def _reply(answer: ScriptedAnswer) -> Reply:
    chunked = "chunks" in answer
    chunks = [_chunk(item) for item in answer.get("chunks", (answer.get("body", b""),))]
    reply = Reply(
        status=answer.get("status", 200),
        headers=_headers(answer.get("headers", ())),
        chunks=tuple(chunks),
        chunked=chunked,
        ending=_ENDINGS[answer.get("abort", False)],
        head_delay_s=answer.get("delay_s", 0.0),
    )
    return reply if chunked or reply.ending == "end" else _promising_more(reply)


def _promising_more(reply: Reply) -> Reply:
    """Return a reply whose declared length its body does not reach."""
    return Reply(
        status=reply.status,
        headers=reply.headers,
        chunks=reply.chunks,
        ending=reply.ending,
        head_delay_s=reply.head_delay_s,
        declared_length=len(reply.body) + 1,
    )


def _chunk(item: bytes | tuple[float, bytes]) -> Chunk:
    if isinstance(item, bytes):
        return Chunk(data=item)
    delay_s, data = item
    return Chunk(data=data, delay_s=delay_s)


def _headers(value: Mapping[str, str] | Sequence[tuple[str, str]]) -> Headers:
    pairs = value.items() if isinstance(value, Mapping) else value
    return tuple((name, text) for name, text in pairs)


_ENDINGS: Mapping[bool | str, Any] = {
    False: "end",
    True: "reset",
    "reset": "reset",
    "cut": "cut",
}
