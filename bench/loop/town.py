"""A running stack with clients: days of traffic, nights of learning."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.loop.pairs import Pair
from bench.loop.upstream import Playbook, serving
from tests.stack import Stack, Template, wait_for
from tests.wire import parsed

CLIENTS = 4
LOOK_EVERY_S = 0.2
QUIET_LOOKS = 4
# Workers look for what changed twice a second.
REFRESH_S = 1.2
SETTLED_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What came of the requests of a day: ids of decisions by outcome."""

    answered: tuple[str, ...]
    accepted: int

    @property
    def share(self) -> float:
        """The share of answers that were drafts."""
        return self.accepted / len(self.answered) if self.answered else 0.0


class Town:
    """The product, its upstream and its clients. `answered` is every decision seen."""

    def __init__(self, stack: Stack, playbook: Playbook) -> None:
        self.stack = stack
        self.playbook = playbook
        self.answered: list[str] = []

    def day(self, traffic: str, pairs: Sequence[Pair]) -> Day:
        """Ask `pairs` as clients of `traffic`; a request that breaks is left out."""
        self.playbook.add(traffic, pairs)
        bodies = [pair.body(f"{traffic}-verifier") for pair in pairs]
        with ThreadPoolExecutor(CLIENTS) as clients:
            told = [answer for answer in clients.map(self._ask, bodies) if answer]
        ids = tuple(headers["x-cascade-decision"] for headers in told)
        self.answered += ids
        accepted = sum(h["x-cascade-outcome"] == "accepted" for h in told)
        return Day(answered=ids, accepted=accepted)

    def night(self, *, days: int = 1) -> dict[str, dict[str, Any]]:
        """Let all be loaded and learned from; what is known of each rule comes back."""
        self.settle()
        printed = self.stack.python("-m", "bench.loop.night", str(days))
        time.sleep(REFRESH_S)
        return dict(parsed(printed.splitlines()[-1]))

    def settle(self) -> None:
        """Wait until every answered decision is loaded and no label is on its way.

        Raises AssertionError when a decision does not come.
        """
        wait_for("all decisions", lambda: not self.missing(), timeout_s=SETTLED_S)
        before, quiet = -1, 0
        while quiet < QUIET_LOOKS:
            time.sleep(LOOK_EVERY_S)
            now = self.count("metrics_label") + self.count("metrics_routingdecision")
            quiet = quiet + 1 if now == before else 0
            before = now

    def missing(self) -> set[str]:
        """Return the answered decisions that are not in the database."""
        rows = self.stack.query("SELECT decision_id FROM metrics_routingdecision")
        return set(self.answered) - {row["decision_id"] for row in rows}

    def count(self, table: str) -> int:
        """Return how many rows `table` has."""
        (row,) = self.stack.query(f"SELECT COUNT(*) AS n FROM {table}")  # noqa: S608
        return int(row["n"])

    def labels(self, rule: str) -> int:
        """Return how many labels a rule has."""
        query = "SELECT COUNT(*) AS n FROM metrics_label WHERE rule = ?"
        return int(self.stack.query(query, rule)[0]["n"])

    def learned(self) -> list[dict[str, Any]]:
        """Return every label and what rules know, as rows: to compare with later."""
        return [
            row
            for table in (
                "metrics_label",
                "metrics_measureddraft",
                "routing_ruleknowledge",
            )
            for row in self.stack.query(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608
        ]

    def confidences(self, traffic: str, pair: Pair) -> list[tuple[str, str]]:
        """Return outcome and confidence of one request, asked of each worker alone."""
        body = pair.body(f"{traffic}-verifier")
        told = []
        for pid in self.stack.worker_pids:
            with self.stack.only_worker(pid):
                headers = self.stack.ask(body).headers
            self.answered.append(headers["x-cascade-decision"])
            told.append(
                (headers["x-cascade-outcome"], headers.get("x-cascade-confidence", ""))
            )
        return told

    def _ask(self, body: bytes) -> dict[str, str] | None:
        try:
            answer = self.stack.ask(body)
        except OSError:
            return None
        return answer.headers if answer.status == 200 and answer.whole else None


@contextmanager
def town() -> Iterator[Town]:
    """Yield a town with two workers; it and all its files end with the block."""
    playbook = Playbook()
    with tempfile.TemporaryDirectory() as kept, serving(playbook) as url:
        directory = Path(kept)
        template = Template(
            directory / "template", url, provision="bench.loop.provision"
        )
        with Stack(template, directory / "stack", {"CASCADE_WORKERS": "2"}) as stack:
            yield Town(stack, playbook)
