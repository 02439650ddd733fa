"""Upstreams that play a script: a test says what they answer, and sees what was asked.

A script is a sequence of (model, answer); a question that is not the next in the
script fails the test. An answer that is an exception is raised.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from routing.judging import Opinion
from routing.types import ChatRequest, Completion, Headers, Target
from tests.builders import make_completion, make_events

JSON = (("content-type", "application/json"),)
EVENTS = (("content-type", "text/event-stream; charset=utf-8"),)
USAGE = {"input_tokens": 20, "output_tokens": 10}


class FakeReply:
    """An open reply; a chunk that is an exception is raised in its place."""

    def __init__(
        self,
        *chunks: bytes | Exception,
        status: int = 200,
        headers: Headers = JSON,
    ) -> None:
        self.status = status
        self.headers = headers
        self.closed = False
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            assert not self.closed, "read after it was closed"
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed = True


def whole(text: str = "4", *, model: str, **fields: Any) -> FakeReply:
    """A whole answer of `model`; `fields` are keys of its message."""
    return FakeReply(message_bytes(text, model=model, **fields))


def streamed(*texts: str, model: str) -> FakeReply:
    """A streamed answer of `model`."""
    return FakeReply(*make_events(*(texts or ("4",)), model=model), headers=EVENTS)


def refusal(status: int, body: bytes = b'{"type":"error"}') -> FakeReply:
    """A provider's own error."""
    return FakeReply(body, status=status)


def message_bytes(text: str = "4", *, model: str, **fields: Any) -> bytes:
    """The body of a whole answer, spaced as no encoder of ours would."""
    message = make_completion(text, model=model).message
    encoded = msgspec.json.encode({**message, "usage": USAGE, **fields})
    return msgspec.json.format(encoded, indent=1)


Answer = FakeReply | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question that reached the upstream."""

    request: ChatRequest
    target: Target
    timeout_s: float | None


class ScriptedUpstream:
    """An upstream that answers by its script."""

    def __init__(self, *script: tuple[str, Answer]) -> None:
        self.asked: list[Asked] = []
        self._script = list(script)

    def ask(
        self, request: ChatRequest, target: Target, *, timeout_s: float | None = None
    ) -> FakeReply:
        self.asked.append(Asked(request=request, target=target, timeout_s=timeout_s))
        assert self._script, f"nobody was to ask {target.model}"
        model, answer = self._script.pop(0)
        assert target.model == model
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def models(self) -> list[str]:
        """The models asked, in order."""
        return [asked.target.model for asked in self.asked]


class FakeLooks:
    """What others say of a draft, as a test has it; counts how often they are asked."""

    def __init__(
        self, second: Completion | None = None, opinion: Opinion | None = None
    ) -> None:
        self._second, self._opinion = second, opinion
        self.asked: list[str] = []

    def second(self) -> Completion | None:
        self.asked.append("second")
        return self._second

    def opinion(self, _draft: Completion) -> Opinion | None:
        self.asked.append("judge")
        return self._opinion


class FakeTicket:
    """The link to a client that leaves when a test says so."""

    def __init__(self, *, gone: bool = False) -> None:
        self.gone = gone

    def bind(self, sock: Any) -> None:
        """Do nothing: no socket is used."""

    def unbind(self, sock: Any) -> None:
        """Do nothing."""


class FakeWatch:
    """Stands for the watch over all clients; they share one ticket."""

    def __init__(self) -> None:
        self.ticket = FakeTicket()
        self.added: list[Any] = []
        self.removed: list[Any] = []

    def add(self, sock: Any) -> FakeTicket:
        self.added.append(sock)
        return self.ticket

    def remove(self, ticket: Any) -> None:
        self.removed.append(ticket)


@dataclass(slots=True, kw_only=True)
class HttpAnswer:
    """What a provider answers over HTTP; `wait` holds the headers back until set."""

    status: int = 200
    headers: Headers = JSON
    chunks: Iterable[bytes | Exception] = ()
    wait: threading.Event | None = None
    stream: _ChunkStream | None = field(default=None, init=False)

    @property
    def closed(self) -> bool:
        """Whether the answer was opened, and closed."""
        return self.stream is not None and self.stream.closed


class _ChunkStream(httpx.SyncByteStream):
    def __init__(self, chunks: Iterable[bytes | Exception]) -> None:
        self.closed = False
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed = True


class ScriptedTransport(httpx.BaseTransport):
    """HTTP without sockets: stands where `PooledTransport` does.

    `script` maps a path or a model to its answers, in order: a request is looked up by
    its path first, then by the model in its body. `requests` holds what was sent.
    Without `reads_bodies` it answers, by path alone, before it was told all.
    """

    def __init__(self) -> None:
        self.reads_bodies = True
        self.requests: list[httpx.Request] = []
        self._script: dict[str, list[HttpAnswer | Exception]] = {}

    def script(self, name: str, *answers: HttpAnswer | Exception) -> None:
        """Add `answers` to those of the model or path `name`."""
        self._script.setdefault(name, []).extend(answers)

    @property
    def models(self) -> list[str]:
        """The models asked, in order."""
        return [sent_json(request)["model"] for request in self.requests]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        name = request.url.path
        if self.reads_bodies and request.read() and name not in self._script:
            name = sent_json(request)["model"]
        answers = self._script.get(name)
        assert answers, f"nobody was to ask {name}"
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer.wait is not None:
            assert answer.wait.wait(timeout=10)
        answer.stream = _ChunkStream(answer.chunks)
        return httpx.Response(
            answer.status, headers=list(answer.headers), stream=answer.stream
        )


def sent_json(request: httpx.Request) -> Any:
    """The body of a request that was sent, parsed."""
    return msgspec.json.decode(request.read())


def every_cut(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """`data` in two, at each byte; nothing is ever empty."""
    return ((data[:at], data[at:]) for at in range(1, len(data)))
