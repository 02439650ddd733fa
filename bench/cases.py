"""What is measured, and how: each case returns the rows of its topic.

The ways of a case are taken in turn, in short pieces: what else the machine does then
falls on all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench import load, procfs, streams, wire
from bench.load import Address, Load
from bench.report import DIRECT, RULED, Row, Target, percentile
from bench.streams import Streams

ROUNDS = 2
WARM_CLIENTS = 50
WARM_S = 0.4
BURST_LIMIT_S = 20.0
STREAM_LIMIT_S = 40.0
# The cases that the targets are about.
MANY = 1000
JUDGED_INTERVAL_MS = 100

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way from the client to the upstream, and the processes that work on it."""

    name: str
    address: Address
    key: str = field(repr=False)
    workers: Sequence[int] = ()

    def request(self, model: str, *, stream: bool = False) -> bytes:
        """Return a request for `model`, under its rule where this way has one."""
        prefix = wire.RULED if self.name == RULED else ""
        return wire.request(prefix + model, key=self.key, stream=stream)


def warm_up(ways: Sequence[Way]) -> None:
    """Let every worker answer a few times: what it imports and caches is no case."""
    for way in ways:
        _closed_loop(way, WARM_CLIENTS, WARM_S)


def latency(ways: Sequence[Way], *, rounds: int) -> list[Row]:
    """Return what one client waits, and what of it each way adds to going direct.

    It asks one way after the other; what a way adds is taken round by round.
    """
    model = wire.answer_model(0)
    callees = [(way.address, way.request(model)) for way in ways]
    measured = asyncio.run(load.in_turn(callees, rounds=rounds))
    waited_s = {way.name: own for way, own in zip(ways, measured, strict=True)}
    direct_s = waited_s.pop(DIRECT)
    added_s = {
        name: [mine - theirs for mine, theirs in zip(own, direct_s, strict=True)]
        for name, own in waited_s.items()
    }
    return [_latency_row(share, direct_s, added_s) for share in _ADDED_MS]


_ADDED_MS: Mapping[float, Target | None] = {
    0.5: Target(must=2, stretch=1),
    0.95: None,
    0.99: Target(must=8),
}


def _latency_row(
    share: float, direct_s: list[float], added_s: Mapping[str, list[float]]
) -> Row:
    values = {
        name: percentile(own, share) * 1e3
        for name, own in {DIRECT: direct_s, **added_s}.items()
    }
    return Row(
        topic="latency",
        name=f"latency p{share * 100:g}, 1 client",
        unit="ms",
        values=values,
        target=_ADDED_MS[share],
        added=True,
    )


def throughput(
    ways: Sequence[Way], *, clients: int, seconds: float, pieces: int
) -> list[Row]:
    """Return what `clients` in closed loops get through, and what it costs the worker.

    A figure per core, when the caller has given the worker a core of its own.
    """
    loads: dict[str, list[Load]] = {way.name: [] for way in ways}
    cpu_s = dict.fromkeys(loads, 0.0)
    for _ in range(pieces):
        for way in ways:
            before_s = procfs.cpu_s(way.workers)
            loads[way.name].append(_closed_loop(way, clients, seconds / pieces))
            cpu_s[way.name] += procfs.cpu_s(way.workers) - before_s
    all_of = {name: Load.joined(own) for name, own in loads.items()}
    per_s = {name: own.per_s for name, own in all_of.items()}
    p99_ms = {n: percentile(own.latencies_s, 0.99) * 1e3 for n, own in all_of.items()}
    cpu_ms = {
        name: cpu_s[name] / max(len(own.latencies_s), 1) * 1e3
        for name, own in all_of.items()
        if name != DIRECT
    }
    who = "1 client" if clients == 1 else f"{clients} clients"
    speed, cpu = (
        Target(must=1000, stretch=1400, at_least=True),
        Target(must=1.2, stretch=0.7),
    )
    topic = "throughput"
    return [
        Row(
            topic=topic,
            name=f"requests a second, {who}",
            unit="1/s",
            values=per_s,
            target=speed,
        ),
        Row(
            topic=topic,
            name=f"worker CPU a request, {who}",
            unit="ms",
            values=cpu_ms,
            target=cpu,
        ),
        Row(topic=topic, name=f"latency p99, {who}", unit="ms", values=p99_ms),
        _errors(topic, who, {name: own.errors for name, own in all_of.items()}),
    ]


def concurrent(ways: Sequence[Way], *, clients: int) -> list[Row]:
    """Return how long `clients` take who ask at once, twice, an upstream of 1 s."""
    bursts = {way.name: _burst(way, clients) for way in ways}
    who = f"{clients:,} at once, 1 s upstream"
    topic = "concurrent"
    rows = []
    for number in range(ROUNDS):
        values = {
            name: burst.rounds_s[number]
            for name, burst in bursts.items()
            if len(burst.rounds_s) > number
        }
        judged = clients == MANY and number == ROUNDS - 1
        rows.append(
            Row(
                topic=topic,
                name=f"{who}: {clients * (number + 1):,} answers after",
                unit="s",
                values=values,
                target=Target(must=3.5, stretch=2.8) if judged else None,
            )
        )
    errors = {name: burst.errors for name, burst in bursts.items()}
    return [*rows, _errors(topic, who, errors)]


def event_streams(
    ways: Sequence[Way], *, clients: int, interval_ms: int, ramp_s: float
) -> list[Row]:
    """Return what streams lose on each way: first event, gaps between, end.

    A rule that accepts reads the draft to its end before the first event goes out, so
    what it adds is seen at the end of the stream only.
    """
    heard: dict[str, Streams] = {}
    cpu_us: dict[str, float] = {}
    for way in ways:
        before_s = procfs.cpu_s(way.workers)
        heard[way.name] = _listen(way, clients, interval_ms, ramp_s)
        events = max(len(heard[way.name].delays_s), 1)
        cpu_us[way.name] = (procfs.cpu_s(way.workers) - before_s) / events * 1e6
    del cpu_us[DIRECT]
    who = f"{clients:,} streams at {interval_ms} ms"
    judged = clients == MANY and interval_ms == JUDGED_INTERVAL_MS
    broken = {name: own.broken for name, own in heard.items()}
    return [
        *_live_rows(who, {n: s for n, s in heard.items() if n != RULED}, judged=judged),
        _stream_row(f"{who}: end p50", _added(heard, "whole_s", 0.5), added=True),
        Row(
            topic="streams",
            name=f"{who}: worker CPU an event",
            unit="us",
            values=cpu_us,
        ),
        _errors("streams", who, broken),
    ]


def _live_rows(who: str, heard: Mapping[str, Streams], *, judged: bool) -> list[Row]:
    worst_ms = {name: max(own.gaps_s, default=0.0) * 1e3 for name, own in heard.items()}
    gap = Target(must=15) if judged else None
    return [
        _stream_row(
            f"{who}: first event p50", _added(heard, "first_s", 0.5), added=True
        ),
        _stream_row(
            f"{who}: first event p95", _added(heard, "first_s", 0.95), added=True
        ),
        _stream_row(
            f"{who}: gap p99", _added(heard, "gaps_s", 0.99), added=True, target=gap
        ),
        _stream_row(f"{who}: worst gap", worst_ms),
        _stream_row(
            f"{who}: event delay p99", _added(heard, "delays_s", 0.99), added=True
        ),
    ]


def _stream_row(
    name: str, values_ms: Values, *, added: bool = False, target: Target | None = None
) -> Row:
    return Row(
        topic="streams",
        name=name,
        unit="ms",
        values=values_ms,
        added=added,
        target=target,
    )


def _added(heard: Mapping[str, Streams], part: str, share: float) -> Values:
    """A percentile in ms: of going direct itself, of the others what they add."""
    ms = {n: percentile(getattr(own, part), share) * 1e3 for n, own in heard.items()}
    return {n: value if n == DIRECT else value - ms[DIRECT] for n, value in ms.items()}


def _errors(topic: str, who: str, errors: Values) -> Row:
    target = Target(must=0)
    return Row(
        topic=topic, name=f"{who}: errors", unit="", values=errors, target=target
    )


def _closed_loop(way: Way, clients: int, seconds: float) -> Load:
    request = way.request(wire.answer_model(0))
    return asyncio.run(
        load.closed_loop(way.address, request, clients=clients, seconds=seconds)
    )


def _burst(way: Way, clients: int) -> load.Burst:
    request = way.request(wire.answer_model(1000))
    return asyncio.run(
        load.burst(
            way.address, request, clients=clients, rounds=ROUNDS, limit_s=BURST_LIMIT_S
        )
    )


def _listen(way: Way, clients: int, interval_ms: int, ramp_s: float) -> Streams:
    request = way.request(wire.event_model(interval_ms), stream=True)
    return asyncio.run(
        streams.listen(
            way.address,
            request,
            streams=clients,
            ramp_s=ramp_s,
            limit_s=STREAM_LIMIT_S,
        )
    )
