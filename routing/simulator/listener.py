"""The listening socket and its connections."""

from __future__ import annotations

import asyncio

from routing.simulator.connection import Answering, Connection, Observing

# A thousand clients may connect at once; Linux caps this at net.core.somaxconn.
BACKLOG = 4096


def ignore(_: object) -> None:
    """Take notice of nothing."""


class Listener:
    """Serves `answer` over HTTP until it is closed."""

    def __init__(self, answer: Answering, abandoned: Observing = ignore) -> None:
        self._answer = answer
        self._abandoned = abandoned
        self._peers: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> int:
        """Return the port that is listened on; 0 takes a free one.

        Raises:
            OSError: the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._answer, self._abandoned, self._peers),
            host,
            port,
            backlog=BACKLOG,
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for peer in list(self._peers):
            peer.drop()
        while self._peers:
            # Each dropped transport reports its end in the loop's next round.
            await asyncio.sleep(0)
