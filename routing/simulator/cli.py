"""The command line of the simulator, shared by `fakeupstream` and `python -m`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import resource
import signal
import sys
from collections.abc import Sequence

from routing.simulator.faults import parse_faults
from routing.simulator.listener import Listener
from routing.simulator.server import FakeUpstream
from routing.simulator.values import Behaviour

WANTED_FILES = 8192
LOOK_AGAIN_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the simulator's options to `parser`."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port", type=_port, default=18400, help="0 takes a free one and prints it"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--latency-ms", type=_milliseconds, default=0.0, help="before the first byte"
    )
    parser.add_argument(
        "--token-ms", type=_milliseconds, default=0.0, help="before each piece of text"
    )
    parser.add_argument(
        "--fault", type=_fault, default="", help="for all requests: [tier:]name[=value]"
    )
    parser.add_argument(
        "--api-key", default="", help="the only key accepted; without it all are"
    )
    parser.add_argument(
        "--wait", action="store_true", help="wait while another program has the port"
    )


def behaviour_of(options: argparse.Namespace) -> Behaviour:
    """Return the behaviour the parsed options ask for."""
    return Behaviour(
        seed=options.seed,
        latency_s=options.latency_ms / 1000,
        token_s=options.token_ms / 1000,
        fault=options.fault,
        api_key=options.api_key,
    )


def run(behaviour: Behaviour, host: str, port: int, *, wait: bool = False) -> None:
    """Serve until SIGINT or SIGTERM; prints the address, and before it that it waits.

    Raises:
        OSError: the address cannot be had; with `wait`, for another reason than that
            somebody has it.
    """
    _allow_many_files()
    asyncio.run(_serve(behaviour, host, port, wait=wait))


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m routing.simulator", description=__doc__
    )
    add_arguments(parser)
    options = parser.parse_args(argv)
    try:
        run(behaviour_of(options), options.host, options.port, wait=options.wait)
    except OSError as error:
        parser.exit(1, f"cannot listen on {options.host}:{options.port}: {error}\n")


async def _serve(behaviour: Behaviour, host: str, port: int, *, wait: bool) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    listener = Listener(FakeUpstream(behaviour).answer)
    bound = await _open(listener, host, port, stopped if wait else None)
    if not bound:
        return
    _say(f"listening on http://{host}:{bound}")
    await stopped.wait()
    await listener.close()


async def _open(
    listener: Listener, host: str, port: int, stopped: asyncio.Event | None
) -> int:
    # Waits for the port when it is given what ends the waiting; then 0 comes back.
    waiting = False
    while stopped is None or not stopped.is_set():
        try:
            return await listener.open(host, port)
        except OSError as error:
            if stopped is None or error.errno != errno.EADDRINUSE:
                raise
        if not waiting:
            _say(f"waiting for http://{host}:{port}")
        waiting = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), LOOK_AGAIN_S)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _allow_many_files() -> None:
    # A usual soft limit of 1,024 would refuse the last of a thousand streams.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _milliseconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("milliseconds are not negative")
    return value


def _fault(text: str) -> str:
    try:
        parse_faults(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
