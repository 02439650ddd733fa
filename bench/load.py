"""The client of whole answers: closed loops, bursts, and calls in turn. asyncio only.

Times are seconds of the monotonic clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Address = tuple[str, int]
OnAnswer = Callable[["Connection", bool], None]

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a closed loop came to; `latencies_s` are those of good answers."""

    seconds: float
    errors: int
    latencies_s: list[float] = field(repr=False)

    @property
    def per_s(self) -> float:
        """Good answers in a second."""
        return len(self.latencies_s) / self.seconds

    @classmethod
    def joined(cls, parts: Sequence[Load]) -> Load:
        """Return loads that came one after the other as one."""
        return cls(
            seconds=sum(part.seconds for part in parts),
            errors=sum(part.errors for part in parts),
            latencies_s=[one for part in parts for one in part.latencies_s],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """When each round of a burst had ended, in seconds from its start."""

    rounds_s: list[float]
    errors: int


class Connection(asyncio.Protocol):
    """One kept-alive connection; one request at a time.

    `on_answer(connection, good)` is called when an answer is whole or the connection
    ends while one is awaited.
    """

    def __init__(self, request: bytes, on_answer: OnAnswer) -> None:
        self._request = request
        self._on_answer = on_answer
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self._expected = 0
        self._waiting = False
        self.asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the other side of the connection."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  TCP's is
        self._transport = transport

    def ask(self) -> None:
        """Send the request."""
        assert self._transport is not None  # noqa: S101  asked once connected
        self._waiting = True
        self.asked_at = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Tell when the answer is whole."""
        self._received += data
        if not self._expected:
            self._expected = _whole_length(self._received)
        if self._expected and len(self._received) >= self._expected:
            good = self._received.startswith(b"HTTP/1.1 200")
            self._received, self._expected, self._waiting = b"", 0, False
            self._on_answer(self, good)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell when an answer will not come."""
        del exc
        if self._waiting:
            self._waiting = False
            self._on_answer(self, False)  # noqa: FBT003  the callback's second is `good`

    def close(self) -> None:
        """Hang up."""
        self._waiting = False
        if self._transport is not None:
            self._transport.close()


async def connect(address: Address, request: bytes, on_answer: OnAnswer) -> Connection:
    """Return a connection that is ready to ask."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(request, on_answer), *address
    )
    return connection


async def closed_loop(
    address: Address, request: bytes, *, clients: int, seconds: float
) -> Load:
    """Return what `clients` get who ask again as soon as they are answered.

    A client that fails asks no more: its connection may be gone.
    """
    latencies_s: list[float] = []
    errors = 0
    deadline = time.perf_counter() + seconds

    def on_answer(connection: Connection, good: bool) -> None:  # noqa: FBT001
        nonlocal errors
        now = time.perf_counter()
        if not good:
            errors += 1
            return
        latencies_s.append(now - connection.asked_at)
        if now < deadline:
            connection.ask()

    connecting = (connect(address, request, on_answer) for _ in range(clients))
    connections = await asyncio.gather(*connecting)
    started = time.perf_counter()
    deadline = started + seconds
    for connection in connections:
        connection.ask()
    await asyncio.sleep(seconds)
    for connection in connections:
        connection.close()
    elapsed_s = time.perf_counter() - started
    return Load(seconds=elapsed_s, errors=errors, latencies_s=latencies_s)


async def burst(
    address: Address, request: bytes, *, clients: int, rounds: int, limit_s: float
) -> Burst:
    """Return how long `clients` take who all connect and ask at once, `rounds` times.

    What was not answered after `limit_s` counts as an error.
    """
    started = time.perf_counter()
    answered_at: list[float] = []
    errors = 0
    done = asyncio.Event()

    def on_answer(connection: Connection, good: bool) -> None:  # noqa: FBT001
        nonlocal errors
        errors += not good
        answered_at.append(time.perf_counter() - started)
        left[connection] -= 1
        if left[connection] and good:
            connection.ask()
        if len(answered_at) == clients * rounds:
            done.set()

    left: dict[Connection, int] = {}

    async def client() -> None:
        connection = await connect(address, request, on_answer)
        left[connection] = rounds
        connection.ask()

    await asyncio.gather(*(client() for _ in range(clients)))
    try:
        await asyncio.wait_for(done.wait(), limit_s)
    except TimeoutError:
        errors += clients * rounds - len(answered_at)
    for connection in left:
        connection.close()
    ends = [answered_at[n * clients - 1 : n * clients] for n in range(1, rounds + 1)]
    return Burst(rounds_s=[end[0] for end in ends if end], errors=errors)


async def in_turn(
    callees: Sequence[tuple[Address, bytes]], *, rounds: int
) -> list[list[float]]:
    """Return the latencies of one client that asks each of `callees` in turn.

    The n-th latencies of all belong together. Raises ConnectionError when one fails.
    """
    answered: asyncio.Future[bool]
    loop = asyncio.get_running_loop()

    def on_answer(connection: Connection, good: bool) -> None:  # noqa: FBT001
        del connection
        answered.set_result(good)

    connections = [await connect(*callee, on_answer) for callee in callees]
    latencies_s: list[list[float]] = [[] for _ in callees]
    for _ in range(rounds):
        for connection, mine in zip(connections, latencies_s, strict=True):
            answered = loop.create_future()
            connection.ask()
            good = await answered
            mine.append(time.perf_counter() - connection.asked_at)
            if not good:
                raise ConnectionError("an answer was not 200")
    for connection in connections:
        connection.close()
    return latencies_s


def _whole_length(received: bytes) -> int:
    """The length of an answer with its head; 0 while the head is not whole."""
    head_end = received.find(_HEAD_END)
    if head_end < 0:
        return 0
    head = received[:head_end].lower()
    at = head.index(_LENGTH) + len(_LENGTH)
    return head_end + len(_HEAD_END) + int(head[at:].split(b"\r\n", 1)[0])
