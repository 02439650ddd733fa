"""One run of the bench: which cases, on which processes, on which cores."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import cases, procfs, stack
from bench.cases import Way
from bench.report import DIRECT, FLOOR, PASSED, RULED, Row, Target
from bench.stack import Serving, Site

TOPICS = ("footprint", "latency", "throughput", "concurrent", "streams")
IDLE_S = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured. Of streams: how many, ms between events, s to start all."""

    rounds: int
    seconds: float
    pieces: int
    clients: Sequence[int]
    bursts: Sequence[int]
    streams: Sequence[tuple[int, int, float]]


WHOLE = Plan(
    rounds=1500,
    seconds=3.0,
    pieces=3,
    clients=(1, 10, 100),
    bursts=(100, 1000),
    streams=((100, 20, 0.5), (1000, 100, 2.0), (1000, 20, 0.5)),
)
QUICK = Plan(
    rounds=300,
    seconds=1.2,
    pieces=1,
    clients=(1, 10),
    bursts=(100,),
    streams=((100, 20, 0.5),),
)


class Run:
    """The upstream, a prepared site, and what was measured so far."""

    def __init__(self, plan: Plan, site: Site, upstream: Serving, say: Say) -> None:
        self._plan = plan
        self._site = site
        self._upstream = upstream
        self._say = say
        self.rows: list[Row] = []

    def per_core(self, topics: Sequence[str]) -> None:
        """Measure one worker with a core of its own; all else shares the others."""
        if not {"footprint", "latency", "throughput"}.intersection(topics):
            return
        with self._servers(workers=1) as (floor, proxy):
            if "footprint" in topics:
                self._add(_start_row(floor, proxy))
                time.sleep(IDLE_S)
                self._add(*_memory_rows("idle", floor, proxy, Target(must=90)))
            others = [*floor.helpers, *proxy.helpers, self._upstream.pid]
            with _apart([*floor.workers, *proxy.workers], others):
                ways = self._ways(floor, proxy)
                cases.warm_up(ways)
                self._latency_and_throughput(ways, topics)

    def together(self, topics: Sequence[str], *, workers: int) -> None:
        """Measure many clients at once; all processes share all cores."""
        if not {"concurrent", "streams"}.intersection(topics):
            return
        with self._servers(workers=workers) as (floor, proxy):
            ways = self._ways(floor, proxy)
            cases.warm_up(ways)
            if "concurrent" in topics:
                for clients in self._plan.bursts:
                    self._add(*cases.concurrent(ways, clients=clients))
            if "streams" in topics:
                self._streams([way for way in ways if way.name != FLOOR])
                rows = _memory_rows("after streams", floor, proxy, Target(must=120))
                self._add(*rows)

    @contextmanager
    def _servers(self, *, workers: int) -> Iterator[tuple[Serving, Serving]]:
        with ExitStack() as until_end:
            port = self._upstream.address[1]
            floor = until_end.enter_context(stack.floor(port, workers=workers))
            proxy = until_end.enter_context(stack.proxy(self._site, workers=workers))
            yield floor, proxy

    def _latency_and_throughput(
        self, ways: Sequence[Way], topics: Sequence[str]
    ) -> None:
        plan = self._plan
        if "latency" in topics:
            self._add(*cases.latency(ways, rounds=plan.rounds))
        for clients in plan.clients if "throughput" in topics else ():
            self._add(
                *cases.throughput(
                    ways, clients=clients, seconds=plan.seconds, pieces=plan.pieces
                )
            )

    def _streams(self, ways: Sequence[Way]) -> None:
        started, before = time.perf_counter(), self._site.decisions_loaded()
        with stack.decisions(self._site):
            for clients, interval_ms, ramp_s in self._plan.streams:
                self._add(
                    *cases.event_streams(
                        ways, clients=clients, interval_ms=interval_ms, ramp_s=ramp_s
                    )
                )

        loaded = self._site.decisions_loaded() - before
        per_s = loaded / (time.perf_counter() - started)
        name = "decisions loaded meanwhile by the keeper"
        self._add(Row(topic="streams", name=name, unit="1/s", values={PASSED: per_s}))

    def _ways(self, floor: Serving, proxy: Serving) -> list[Way]:
        key, workers = self._site.key, proxy.workers
        return [
            Way(name=DIRECT, address=self._upstream.address, key=key),
            Way(name=FLOOR, address=floor.address, key=key, workers=floor.workers),
            Way(name=PASSED, address=proxy.address, key=key, workers=workers),
            Way(name=RULED, address=proxy.address, key=key, workers=workers),
        ]

    def _add(self, *rows: Row) -> None:
        self.rows += rows
        self._say(f"measured: {rows[0].name}")


@contextmanager
def _apart(workers: Sequence[int], others: Sequence[int]) -> Iterator[None]:
    """Give `workers` the first core and everybody else, us included, the rest."""
    cores = os.sched_getaffinity(0)
    first = {min(cores)}
    try:
        _pin(workers, first)
        _pin([*others, os.getpid()], cores - first or cores)
        yield
    finally:
        _pin([*workers, *others, os.getpid()], cores)


def _pin(pids: Sequence[int], cores: set[int]) -> None:
    for pid in pids:
        procfs.pin(pid, cores)


def _start_row(floor: Serving, proxy: Serving) -> Row:
    return Row(
        topic="footprint",
        name="start to first 200",
        unit="s",
        values={FLOOR: floor.start_s, PASSED: proxy.start_s},
        target=Target(must=2),
    )


def _memory_rows(
    when: str, floor: Serving, proxy: Serving, target: Target
) -> list[Row]:
    """The memory of the largest worker; the target is for its peak until now."""
    parts = (("resident", "rss_mb"), ("peak", "peak_mb"), ("share", "pss_mb"))
    memories = {
        way: [procfs.memory(pid) for pid in serving.workers]
        for way, serving in ((FLOOR, floor), (PASSED, proxy))
    }
    return [
        Row(
            topic="footprint",
            name=f"memory of a worker {when}, {name}",
            unit="MB",
            values={w: max(getattr(m, part) for m in memories[w]) for w in memories},
            target=target if part == "peak_mb" else None,
        )
        for name, part in parts
    ]
