"""No answered decision is lost, whatever is killed, and no answer waits for them."""

from __future__ import annotations

import re
import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.builders import make_body
from tests.stack import Stack, new_model, wait_for

CLIENTS = 4
ENOUGH = 40


class Load:
    """Clients that ask until told to stop; `answered` holds the decisions they saw."""

    def __init__(self, stack: Stack) -> None:
        self.answered: list[str] = []
        self._stack = stack
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,))
            for number in range(CLIENTS)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count: int = ENOUGH) -> None:
        wanted = len(self.answered) + count
        wait_for(f"{wanted} answers", lambda: len(self.answered) >= wanted)

    def _ask(self, number: int) -> None:
        rule = ("plain", "cascade", "doubt", "plain")[number]
        body = make_body("Hi", model=new_model(rule), stream=number % 2 == 0)
        while not self._stopped.is_set():
            try:
                answer = self._stack.ask(body)
            except OSError:
                continue
            if answer.status == 200 and answer.whole:
                self.answered.append(answer.headers["x-cascade-decision"])


def assert_all_loaded(stack: Stack, answered: list[str]) -> None:
    """Every answered decision has its one row."""

    def missing() -> set[str]:
        rows = stack.query("SELECT decision_id FROM metrics_routingdecision")
        return set(answered) - {row["decision_id"] for row in rows}

    wait_for("all decisions", lambda: not missing())
    assert len(set(answered)) == len(answered)


def test_survives_the_killing_of_workers_under_load(stack: Stack) -> None:
    with Load(stack) as load:
        for _ in range(3):
            load.wait_for_more()
            stack.kill_a_worker()
        load.wait_for_more()
    assert_all_loaded(stack, load.answered)


def test_survives_the_killing_of_everything_under_load(stack: Stack) -> None:
    with Load(stack) as load:
        for _ in range(2):
            load.wait_for_more()
            stack.kill()
            stack.start()
        load.wait_for_more()
    assert_all_loaded(stack, load.answered)


def test_a_locked_database_changes_no_answer(stack: Stack) -> None:
    count = "SELECT COUNT(*) FROM metrics_routingdecision"
    with Load(stack) as load:
        load.wait_for_more()
        with closing(sqlite3.connect(stack.database)) as database:
            database.execute("BEGIN EXCLUSIVE")
            before = database.execute(count).fetchone()
            load.wait_for_more()
            assert database.execute(count).fetchone() == before
            database.rollback()
    assert_all_loaded(stack, load.answered)


def test_an_absent_database_changes_no_answer(stack: Stack) -> None:
    away = stack.data.with_name("away")
    with Load(stack) as load:
        load.wait_for_more()
        stack.data.rename(away)
        try:
            wait_for("degraded", lambda: _status(stack) == "degraded")
            load.wait_for_more()
        finally:
            away.rename(stack.data)
    wait_for("ready again", lambda: _status(stack) == "ready")
    assert_all_loaded(stack, load.answered)


def test_a_full_disk_costs_decisions_and_no_answer(stack: Stack) -> None:
    lost, kept = new_model(), new_model()
    before = _lost(stack)
    with _full_disk(stack):
        for _ in range(10):
            answer = stack.ask(make_body("Hi", model=lost))
            assert answer.status == 200
            assert answer.json["content"]
    for _ in range(10):
        stack.ask(make_body("Hi", model=kept))
    assert len(stack.decisions(kept, count=10)) == 10
    assert _lost(stack) == before + 10
    assert "Decisions lost" in stack.log


def _lost(stack: Stack) -> float:
    text = stack.call("GET", "/metrics").body.decode()
    found = re.search(r"^cascadeproxy_decisions_lost_total (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _status(stack: Stack) -> str:
    return stack.call("GET", "/ready").json["status"]


@contextmanager
def _full_disk(stack: Stack) -> Iterator[None]:
    """Let no worker write to any file, as if no space were left."""
    limit = resource.RLIMIT_FSIZE
    before = resource.getrlimit(limit)
    workers = stack.worker_pids
    for pid in workers:
        resource.prlimit(pid, limit, (0, before[1]))
    try:
        yield
    finally:
        for pid in workers:
            resource.prlimit(pid, limit, before)
