"""`python -m bench.slow_clients`: what slow clients cost the others.

A hundred clients send a part of a request and then nothing, or one byte a second, while
one more client asks again and again and takes the time it waits.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench import stack, wire
from bench.load import Address

SLOW_CLIENTS = 100
MEASURE_S = 6.0
PATIENCE_S = 60.0
KINDS = ("none", "half a head", "half a body", "a byte a second")


def main() -> None:
    """Print one line for each worker class and kind of slow client."""
    sys.stdout.write("worker class | slow clients | asked | p50 ms | longest ms\n")
    with stack.upstream() as upstream:
        port = upstream.address[1]
        for worker_class in ("gevent", "gthread"):
            for kind in KINDS:
                with tempfile.TemporaryDirectory() as directory:
                    site = stack.prepare(Path(directory), port, worker_class)
                    with stack.proxy(site, workers=1) as serving:
                        waits = _measured(serving.address, site.key, kind)
                line = f"{statistics.median(waits):.1f} | {max(waits):.0f}"
                sys.stdout.write(f"{worker_class} | {kind} | {len(waits)} | {line}\n")
                sys.stdout.flush()


def _measured(address: Address, key: str, kind: str) -> list[float]:
    request = wire.request(wire.answer_model(0), key=key)
    with _slow_clients(address, request, kind):
        waits: list[float] = []
        ends = time.perf_counter() + MEASURE_S
        while time.perf_counter() < ends:
            waits.append(_asked(address, request))
        return waits


def _asked(address: Address, request: bytes) -> float:
    """Return the milliseconds until the first bytes of an answer."""
    began = time.perf_counter()
    with socket.create_connection(address, PATIENCE_S) as sock:
        sock.sendall(request)
        if not sock.recv(65_536).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("a client that is not slow got no answer")
    return (time.perf_counter() - began) * 1000


@contextlib.contextmanager
def _slow_clients(address: Address, request: bytes, kind: str) -> Iterator[None]:
    head_end = request.index(b"\r\n\r\n")
    said = request[: head_end - 8] if kind == "half a head" else request[: head_end + 6]
    sockets = []
    ended = threading.Event()
    with contextlib.ExitStack() as clients:
        for _ in range(0 if kind == "none" else SLOW_CLIENTS):
            sock = clients.enter_context(socket.create_connection(address, PATIENCE_S))
            sock.sendall(said)
            sockets.append(sock)
        clients.callback(ended.set)
        if kind == "a byte a second":
            threading.Thread(target=_drip, args=(sockets, ended), daemon=True).start()
        yield


def _drip(sockets: list[socket.socket], ended: threading.Event) -> None:
    while not ended.wait(1.0):
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.sendall(b"x")


if __name__ == "__main__":
    main()
