"""Asks what rows ask. All rows at once, a few at a time, so that answers could mix."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from tests.fidelity.case import MODEL, Case, Way
from tests.fidelity.checks import Run
from tests.fidelity.client import Asked, ask
from tests.fidelity.recording_upstream import MARK, Pairs, RecordingUpstream
from tests.stack import Stack

AT_ONCE = 6

Wanted = tuple[Case, Way]


class Players:
    """Plays every row that will be looked at against a stack, beginning when asked."""

    def __init__(self, wanted: Iterable[Wanted], upstream: RecordingUpstream) -> None:
        self._wanted = tuple(wanted)
        self._upstream = upstream
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._runs: dict[tuple[str, str, Way], Future[Run]] = {}

    def run(self, case: Case, way: Way, stack: Stack) -> Run:
        """Return the row as it was run; raises what went wrong with the connection."""
        key = (stack.base_url, case.id, way)
        if key not in self._runs:
            self._begin(stack)
        return self._runs[key].result()

    def close(self) -> None:
        """Wait for what is under way."""
        self._pool.shutdown(cancel_futures=True)

    def _begin(self, stack: Stack) -> None:
        for case, way in self._wanted:
            self._runs[stack.base_url, case.id, way] = self._pool.submit(
                play, case, way, stack, self._upstream
            )


def play(case: Case, way: Way, stack: Stack, upstream: RecordingUpstream) -> Run:
    """Ask what the row asks, in one way."""
    mark = f"{case.id}-{way}-{stack.base_url}"
    scripts = {
        case.model_of(leg, way): case.script_of(leg, way) for leg in case.legs(way)
    }
    if not (case.body and MODEL in case.body):
        scripts = {"": case.script_of("verifier", way)}
    exchange = upstream.expect(mark, scripts)
    asked = _asked(case, way, stack, mark)
    answered = ask(
        stack.base_url, asked, pauses=_pauses(case, way), on_pause=exchange.go_on
    )
    return Run(
        case=case,
        way=way,
        asked=asked,
        came_up=tuple(exchange.requests),
        stalled=exchange.stalled,
        answered=answered,
    )


def _asked(case: Case, way: Way, stack: Stack, mark: str) -> Asked:
    key = stack.keys[case.client]
    bearer = case.key_header == "authorization"
    usual: Pairs = (
        (case.key_header, f"Bearer {key}" if bearer else key),
        ("anthropic-version", case.version),
        ("content-type", "application/json"),
        (MARK, mark),
    )
    own = {name.lower() for name, _ in case.headers}
    kept = tuple(pair for pair in usual if pair[0] not in own)
    body = case.body and case.body.replace(MODEL, case.requested(way).encode())
    return Asked(
        method=case.method,
        target=case.path + (f"?{case.query}" if case.query else ""),
        headers=(*kept, *case.headers),
        body=body,
    )


def _pauses(case: Case, way: Way) -> list[int]:
    """How many bytes the client has read each time the upstream may go on."""
    leg = case.legs(way)[-1]
    sent = case.script_of(leg, way)
    # What is compressed is not renamed, what is renamed changes its length.
    pieces = sent.pieces if case.encoding else case.seen(way).pieces
    ends = list(itertools.accumulate(map(len, pieces)))
    return [ends[number] for number in sorted(sent.gates)]
