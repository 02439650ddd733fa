from __future__ import annotations

import pytest

from routing.limits.ledger import CalmLedger, TableLedger
from routing.limits.terms import Demand, Held, Settlement
from routing.state.base import StoreError
from routing.state.sqlite import SqliteStore
from tests.routing.clock import Clock
from tests.routing.limits.contract import DAY, LedgerContract, call, day, requests


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    store = SqliteStore(tmp_path / "limits" / "limits.sqlite3", clock=clock)
    yield TableLedger(store)
    store.close()


class TestLedgerInAFile(LedgerContract):
    pass


def test_no_sixty_seconds_see_more_than_the_limit(ledger, clock):
    """Whatever the rhythm, as a fixed minute would not promise at its edges."""
    demand = Demand(windows=(requests(limit=5),))
    let_in = []
    for _ in range(300):
        clock.now += 0.7
        if not ledger.admit("k", demand).refused:
            let_in.append(clock.now)
    assert len(let_in) > 15
    assert all(
        later - earlier > 60 for earlier, later in zip(let_in, let_in[5:], strict=False)
    )


def test_who_waits_as_long_as_told_is_let_in_and_not_sooner(ledger, clock):
    demand = Demand(windows=(requests(limit=2),))
    ledger.admit("k", demand)
    clock.now += 20.5
    ledger.admit("k", demand)
    refused = ledger.admit("k", demand)
    clock.now += refused.wait_s - 1
    assert ledger.admit("k", demand).refused
    clock.now += 1
    assert not ledger.admit("k", demand).refused


def test_what_nobody_renews_ends_by_itself(ledger, clock):
    ledger.admit("k", call("dead", 80, day(100), concurrent=1))
    clock.now += 59.9
    assert ledger.admit("k", call("new", 80, day(100), concurrent=1)).refused
    clock.now += 0.2
    assert not ledger.admit("k", call("new", 80, day(100), concurrent=1)).refused


def test_what_is_renewed_goes_on(ledger, clock):
    ledger.admit("k", call("long", 80, day(100), concurrent=1))
    for _ in range(10):
        clock.now += 50
        ledger.renew("k", [Held(lease="long", money_nusd=80)], 60)
    assert ledger.admit("k", call("new", 1, day(100), concurrent=1)).refused


def test_tokens_told_late_count_when_they_are_told(ledger, clock):
    tokens = Demand(windows=(requests(100, 60, "tokens"),))
    slot = ledger.admit("k", tokens).slot
    clock.now += 300
    ledger.settle("k", Settlement(tokens=-60, slot=slot))
    ledger.settle("k", Settlement(tokens=30, slot=slot))
    assert ledger.admit("k", tokens).used["tokens"] == 90


def test_a_table_holds_no_more_than_its_windows_see(ledger, clock):
    demand = Demand(windows=(requests(limit=1000),))
    for _ in range(200):
        clock.now += 1
        ledger.admit("k", demand)
    assert len(ledger.table("k")) <= 62


def test_the_month_outlives_a_day_without_requests(ledger, clock):
    ledger.settle("k", Settlement(lease="x", spent_nusd=90, periods=(DAY,)))
    clock.now += 30 * 86_400
    assert ledger.admit("k", call("one", 20, day(100))).used[DAY] == 90


class Failing:
    def __init__(self):
        self.asked = 0
        self.away = True

    def admit(self, _key, _demand):
        self.asked += 1
        if self.away:
            raise StoreError("gone")
        return "let in"


def test_a_ledger_that_is_away_is_not_asked_for_a_second():
    backend, clock = Failing(), Clock()
    calm = CalmLedger(backend, clock=clock)
    assert [calm.admit("k", Demand()) for _ in range(3)] == [None] * 3
    assert backend.asked == 1
    backend.away = False
    clock.now += 1.1
    assert calm.admit("k", Demand()) == "let in"
