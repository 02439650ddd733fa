"""A scripted upstream as lean as asyncio allows; prints its port, ends with its input.

It reads no more of a request than its length and model, and its answers are bytes made
beforehand: what it costs must not hide what the proxy costs.
"""

from __future__ import annotations

import asyncio
import sys
import time

from bench import wire
from bench.wire import Script

_MODEL = b'"model":"'
_LENGTH = b"content-length:"
_HEAD_END = b"\r\n\r\n"
_EVENT, _END = wire.stream_event(0), wire.stream_end()
_STAMP_AT = _EVENT.index(b"0" * wire.STAMP_DIGITS)
_BEFORE_STAMP, _AFTER_STAMP = (
    _EVENT[:_STAMP_AT],
    _EVENT[_STAMP_AT + wire.STAMP_DIGITS :],
)


class Answering(asyncio.Protocol):
    """One kept-alive connection: request in, scripted answer out."""

    def __init__(self, scripts: dict[bytes, Script]) -> None:
        self._scripts = scripts
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the other side of the connection."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  TCP's is
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection: what is still to be said has no listener."""
        del exc
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole."""
        self._received += data
        head_end = self._received.find(_HEAD_END)
        if head_end < 0:
            return
        body_at = head_end + len(_HEAD_END)
        if len(self._received) >= body_at + _length(self._received[:head_end]):
            model = _model(self._received, body_at)
            self._received = b""
            self._answer(self._scripts[model])

    def _answer(self, script: Script) -> None:
        if script.interval_s:
            self._say(script.answer)
            self._stream(script, self._loop.time(), 1)
        elif script.latency_s:
            self._loop.call_later(script.latency_s, self._say, script.answer)
        else:
            self._say(script.answer)

    def _stream(self, script: Script, started: float, number: int) -> None:
        # By the clock, not by the last event: a late one does not delay the rest.
        due = started + number * script.interval_s
        if number <= wire.CHUNKS:
            self._loop.call_at(due, self._next_event, script, started, number)
        else:
            self._say(_END)

    def _next_event(self, script: Script, started: float, number: int) -> None:
        if self._transport is None:
            return
        stamp = b"%019d" % time.monotonic_ns()
        self._say(_BEFORE_STAMP + stamp + _AFTER_STAMP)
        self._stream(script, started, number + 1)

    def _say(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _length(head: bytes) -> int:
    head = head.lower()
    at = head.find(_LENGTH)
    return int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def _model(received: bytes, body_at: int) -> bytes:
    at = received.index(_MODEL, body_at) + len(_MODEL)
    return received[at : received.index(b'"', at)]


async def serve() -> None:
    """Serve on a free loopback port until standard input ends."""
    loop = asyncio.get_running_loop()
    scripts = wire.scripts()
    server = await loop.create_server(
        lambda: Answering(scripts), "127.0.0.1", 0, backlog=4096
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
