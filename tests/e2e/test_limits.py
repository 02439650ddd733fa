"""Limits of keys with two workers and real stores: exact, whoever asks whom."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from bench import postgres
from routing.limits.ledger import LEASE_S, TableLedger
from routing.limits.terms import Demand
from routing.simulator import Simulator
from routing.state.base import wall_clock
from routing.state.sqlite import SqliteStore
from tests.builders import make_body
from tests.routing.state.redis_server import BINARY, RedisServer
from tests.stack import Stack, Template, new_model, wait_for
from tests.wire import Answer

STORES = ("sqlite", "redis", "postgres")
KEYS = """
from decimal import Decimal
print(ClientKey.issue("rated", requests_per_minute=100)[1])
print(ClientKey.issue("paying", usd_per_day=Decimal(1))[1])
print(ClientKey.issue("few", concurrent_requests=2)[1])
from datetime import date
from metrics.models import ModelPrice
ModelPrice.objects.create(
    provider="", model="costly", valid_from=date(2026, 1, 1), source="test",
    input_usd=0, output_usd=2000, cache_read_usd=0, cache_write_5m_usd=0,
    cache_write_1h_usd=0)
"""
USAGE = {"input_tokens": 1, "output_tokens": 10}
CALL_USD = 0.02
EXPECTED_USD = 0.01  # of a request that asks for 5 tokens, and gets 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """A running stack and its keys by what they are limited by."""

    stack: Stack
    store: str
    rated: str
    paying: str
    few: str
    redis: RedisServer | None


def server_of(
    store: str, directory: Path, ending: ExitStack
) -> tuple[dict[str, str], RedisServer | None]:
    """Return the settings that lead to a server of the tests' own, and a Redis."""
    if store == "redis":
        if BINARY is None:
            pytest.skip("no redis-server is installed")
        server = RedisServer(directory)
        server.start()
        ending.callback(server.stop)
        return {"REDIS_URL": server.url}, server
    if store == "postgres":
        if not postgres.available():
            pytest.skip("PostgreSQL is not installed")
        url = ending.enter_context(postgres.server("fsync=off"))
        return {"DATABASE_URL": url}, None
    return {}, None


@pytest.fixture(scope="module", params=STORES)
def limited(
    request: pytest.FixtureRequest,
    simulator: Simulator,
    template: Template,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Limited]:
    store = request.param
    with ExitStack() as ending:
        directory = tmp_path_factory.mktemp("server")
        address, redis = server_of(store, directory, ending)
        settings = {"CASCADE_WORKERS": "2", **address}
        stack = Stack(template, tmp_path_factory.mktemp("limited"), settings)
        stack.prepare()
        ending.callback(stack.stop)
        if store == "postgres":
            stack.python("-m", "tests.provision", simulator.url)
        rated, paying, few = stack.change(KEYS).split()
        stack.start()
        yield Limited(
            stack=stack, store=store, rated=rated, paying=paying, few=few, redis=redis
        )


def at_once(count: int, stack: Stack, key: str, body: bytes) -> list[Answer]:
    """Return what `count` clients get that ask at the same moment."""
    answers: list[Answer] = []
    barrier = threading.Barrier(count)

    def ask() -> None:
        barrier.wait()
        answers.append(stack.ask(body, x_api_key=key))

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_two_hundred_at_once_exactly_a_hundred_pass(limited: Limited) -> None:
    body = make_body(model=new_model())
    answers = at_once(200, limited.stack, limited.rated, body)
    statuses = Counter(answer.status for answer in answers)
    assert statuses == {200: 100, 429: 100}, limited.stack.log
    refused = [answer for answer in answers if answer.status == 429]
    assert {a.json["error"]["type"] for a in refused} == {"rate_limit_error"}
    assert all(1 <= int(a.headers["retry-after"]) <= 61 for a in refused)


def test_a_budget_is_overshot_by_what_is_in_flight_at_most(
    limited: Limited, simulator: Simulator
) -> None:
    """Each call costs twice what is expected of it: no call can be foreseen worse."""
    message = {"type": "message", "content": [], "usage": USAGE, "model": "costly"}
    simulator.script(
        [
            {
                "model": "costly",
                "headers": {"content-type": "application/json"},
                "body": msgspec.json.encode(message),
                "delay_s": 0.3,
            }
        ]
        * 500
    )
    body = make_body(model="costly", max_tokens=5)
    answers = at_once(500, limited.stack, limited.paying, body)
    passed = sum(answer.status == 200 for answer in answers)
    assert {answer.status for answer in answers} == {200, 429}
    # At most so many were let in on what was expected of them.
    in_flight = 1 / EXPECTED_USD
    assert passed * CALL_USD <= 1 + in_flight * (CALL_USD - EXPECTED_USD)
    assert passed * CALL_USD >= 1 - EXPECTED_USD
    later = limited.stack.ask(body, x_api_key=limited.paying)
    assert (later.status, later.headers["x-should-retry"]) == (429, "false")


def test_a_place_of_a_killed_worker_is_free_when_its_lease_ends(
    limited: Limited,
) -> None:
    if limited.store != "sqlite":
        pytest.skip("only the clock of the file is ours to move")
    stack, body = limited.stack, make_body("Wait [[fault:stall]]", model=new_model())

    def hold() -> None:
        with suppress(OSError):
            # The question below may have had the place for a moment.
            while stack.ask(body, x_api_key=limited.few).status == 429:
                pass

    holders = [threading.Thread(target=hold) for _ in range(2)]
    for holder in holders:
        holder.start()

    def refused() -> bool:
        answer = stack.ask(make_body(model=new_model()), x_api_key=limited.few)
        return answer.status == 429

    wait_for("both places to be taken", refused)
    for pid in stack.worker_pids:
        os.kill(pid, signal.SIGKILL)
    for holder in holders:
        holder.join()
    stack.stop()
    key_id = stack.query("SELECT id FROM routing_clientkey WHERE name = 'few'")[0]["id"]
    assert not let_in(stack, key_id, after_s=0.0)
    assert let_in(stack, key_id, after_s=LEASE_S + 1.0)
    stack.start()


def test_while_redis_is_away_rates_are_open_and_budgets_closed(
    limited: Limited,
) -> None:
    if limited.redis is None:
        pytest.skip("this is about a server that goes away")
    stack, body = limited.stack, make_body(model=new_model())
    costly = make_body(model="costly", max_tokens=5)
    limited.redis.stop()
    try:
        # More than the hundred that the minute has room for.
        rated = [stack.ask(body, x_api_key=limited.rated) for _ in range(5)]
        paying = stack.ask(costly, x_api_key=limited.paying)
    finally:
        limited.redis.start()
    assert {answer.status for answer in rated} == {200}
    assert (paying.status, paying.headers["retry-after"]) == (503, "5")
    assert paying.json["error"]["type"] == "api_error"
    # It came back empty; the account knows what is spent, within a minute.
    wait_for(
        "budgets to be kept again",
        lambda: stack.ask(costly, x_api_key=limited.paying).status in (200, 429),
    )


def let_in(stack: Stack, key_id: int, *, after_s: float) -> bool:
    """Whether the key `few` has a place free so long from now."""
    (file,) = (stack.directory / "run").glob("limits-*.sqlite3")
    with closing(SqliteStore(file, clock=lambda: wall_clock() + after_s)) as store:
        demand = Demand(lease="new", lease_s=1, concurrent=2)
        return not TableLedger(store).admit(f"limits:{key_id}", demand).refused
