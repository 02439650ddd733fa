"""The client of streams: when each event was sent and when it came. asyncio only."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from bench import wire
from bench.load import Address

_CARRY_BYTES = 64
_NS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What streams came to, in seconds.

    From asking to the first event (`first_s`) and to the end (`whole_s`), from an event
    sent to it received (`delays_s`), between events of one stream (`gaps_s`). `broken`
    did not begin with 200, or lost an event or their end.
    """

    first_s: list[float] = field(repr=False)
    whole_s: list[float] = field(repr=False)
    delays_s: list[float] = field(repr=False)
    gaps_s: list[float] = field(repr=False)
    broken: int


class Listening(asyncio.Protocol):
    """One connection with one stream; `done` when it has ended, however."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._carry = b""
        self._asked_ns = 0
        self._good = False
        self.first_s = self.whole_s = 0.0
        self.delays_s: list[float] = []
        self.gaps_s: list[float] = []
        self._last_ns = 0
        self.whole = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at once."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  TCP's is
        self._transport = transport
        self._asked_ns = time.monotonic_ns()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note the moments of the events in `data`."""
        now_ns = time.monotonic_ns()
        self._good = self._good or data.startswith(b"HTTP/1.1 200")
        data = self._carry + data
        if not self.first_s and wire.FIRST_EVENT in data:
            self.first_s = (now_ns - self._asked_ns) / _NS
        end = self._note_stamps(data, now_ns)
        if data.endswith(wire.LAST_CHUNK):
            self.whole_s = (now_ns - self._asked_ns) / _NS
            self.whole = self._good and len(self.delays_s) == wire.CHUNKS
            self.close()
        else:
            self._carry = data[max(end, len(data) - _CARRY_BYTES) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that nothing more will come."""
        del exc
        if not self.done.done():
            self.done.set_result(None)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _note_stamps(self, data: bytes, now_ns: int) -> int:
        """Note every event in `data`; where the last one ends comes back."""
        end = 0
        for stamp in wire.STAMP.finditer(data):
            self.delays_s.append((now_ns - int(stamp[1])) / _NS)
            if self._last_ns:
                self.gaps_s.append((now_ns - self._last_ns) / _NS)
            self._last_ns = now_ns
            end = stamp.end()
        return end


async def listen(
    address: Address, request: bytes, *, streams: int, ramp_s: float, limit_s: float
) -> Streams:
    """Return what `streams` clients see whose requests are spread over `ramp_s`."""
    loop = asyncio.get_running_loop()
    listeners: list[Listening] = []

    async def one(number: int) -> None:
        await asyncio.sleep(ramp_s * number / streams)
        _, listener = await loop.create_connection(lambda: Listening(request), *address)
        listeners.append(listener)
        await listener.done

    try:
        async with asyncio.timeout(limit_s):
            await asyncio.gather(*map(one, range(streams)))
    except TimeoutError:
        for listener in listeners:
            listener.close()
    whole = [listener for listener in listeners if listener.whole]
    return Streams(
        first_s=[listener.first_s for listener in whole],
        whole_s=[listener.whole_s for listener in whole],
        delays_s=[delay for listener in whole for delay in listener.delays_s],
        gaps_s=[gap for listener in whole for gap in listener.gaps_s],
        broken=streams - len(whole),
    )
