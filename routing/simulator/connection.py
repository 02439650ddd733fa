"""One client's connection: requests are answered one after another, in their time."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from routing.simulator.http import BadRequest, RequestParser, frames
from routing.simulator.values import Chunk, Reply, Request

Answering = Callable[[Request], Reply]
Observing = Callable[[Request], None]
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINGER_NOT = struct.pack("ii", 1, 0)


class Player:
    """Sends frames when they are due; `done` is called after the last.

    Times add up from the start, so that a late frame does not delay the next ones.
    Frames that are due together leave in one write.
    """

    def __init__(
        self,
        script: list[tuple[float, bytes]],
        transport: asyncio.Transport,
        done: Callable[[], None],
    ) -> None:
        self._script = script
        self._transport = transport
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._next = 0
        self._due = self._loop.time() + script[0][0]
        self._timer: asyncio.TimerHandle | None = None

    def play(self) -> None:
        """Send what is due and come back for the rest."""
        now = self._loop.time()
        ready = []
        while self._due <= now:
            ready.append(self._script[self._next][1])
            self._next += 1
            if self._next == len(self._script):
                self._transport.write(b"".join(ready))
                self._done()
                return
            self._due += self._script[self._next][0]
        if ready:
            self._transport.write(b"".join(ready))
        self._timer = self._loop.call_at(self._due, self.play)

    def stop(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()


class Connection(asyncio.Protocol):
    """Reads requests, asks `answer`, plays the reply.

    `abandoned` is told of a request whose client left before the answer's end. The
    connection keeps itself in `peers` while it is open.
    """

    def __init__(
        self, answer: Answering, abandoned: Observing, peers: set[Connection]
    ) -> None:
        self._answer = answer
        self._abandoned = abandoned
        self._peers = peers
        self._parser = RequestParser()
        self._playing: tuple[Player, Request] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport and join the peers."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type
        self._transport = transport
        self._peers.add(self)

    def data_received(self, data: bytes) -> None:
        """Take what arrived; answer when a request is whole."""
        self._parser.feed(data)
        self._advance()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Stop playing and leave the peers."""
        self._peers.discard(self)
        if self._playing is not None:
            player, request = self._playing
            self._playing = None
            player.stop()
            self._abandoned(request)

    def drop(self) -> None:
        """Close at once; what was not sent is lost."""
        self._transport.abort()

    def _advance(self) -> None:
        # A pipelined request waits in the parser until its predecessor is answered.
        if self._playing is not None or self._transport.is_closing():
            return
        try:
            request = self._parser.next_request()
        except BadRequest as error:
            self._reject(error)
            return
        if request is not None:
            self._start(request)
        elif self._parser.take_continue():
            self._transport.write(_CONTINUE)

    def _start(self, request: Request) -> None:
        reply = self._answer(request)
        keep_alive = request.keep_alive and reply.ending == "end"
        script = frames(
            reply, keep_alive=keep_alive, head_only=request.method == "HEAD"
        )
        player = Player(
            script,
            self._transport,
            lambda: self._finish(reply, keep_alive=keep_alive),
        )
        self._playing = player, request
        player.play()

    def _finish(self, reply: Reply, *, keep_alive: bool) -> None:
        self._playing = None
        if keep_alive:
            asyncio.get_running_loop().call_soon(self._advance)
        elif reply.ending == "reset":
            self._reset()
        else:
            self._transport.close()

    def _reset(self) -> None:
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()

    def _reject(self, error: BadRequest) -> None:
        reply = Reply(
            status=error.status,
            headers=(("content-type", "text/plain"),),
            chunks=(Chunk(data=str(error).encode()),),
        )
        for _, data in frames(reply, keep_alive=False, head_only=False):
            self._transport.write(data)
        self._transport.close()
