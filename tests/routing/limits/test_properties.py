"""What holds of budgets and windows whatever happens, in whatever order."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from routing.limits import counting
from routing.limits.terms import Demand, Settlement
from tests.routing.limits.contract import DAY, call, day, requests

LIMIT = 1000
# What was expected of a call, what it came to, and how many steps it runs.
CALLS = st.lists(
    st.tuples(st.integers(1, 300), st.integers(0, 400), st.integers(0, 8)),
    max_size=60,
)


@given(CALLS)
def test_a_budget_is_overshot_by_the_calls_in_flight_at_most(calls):
    table: dict[str, int] = {}
    running: list[tuple[int, int, int, str]] = []
    bound = LIMIT
    for step, (expected, actual, length) in enumerate(calls):
        for ended in [each for each in running if each[0] <= step]:
            running.remove(ended)
            settle(table, ended[3], ended[2])
        demand = call(f"l{step}", expected, day(LIMIT))
        if not counting.admit(table, demand, step).refused:
            running.append((step + length, expected, actual, f"l{step}"))
            over = sum(max(0, act - exp) for _, exp, act, _ in running)
            bound = LIMIT + over
    for _, _, actual, name in running:
        settle(table, name, actual)
    assert table.get(f"s:real:{DAY}", 0) <= bound


def settle(table, lease, nusd):
    settled = Settlement(lease=lease, spent_nusd=nusd, periods=(DAY,))
    counting.settle(table, settled, 0)


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 5)), max_size=80),
    st.integers(1, 12),
)
def test_no_sixty_seconds_take_more_than_a_window_has(asks, limit):
    table: dict[str, int] = {}
    now_ms, taken = 1_800_000_000_123, []
    for pause_ms, amount in asks:
        now_ms += pause_ms
        demand = Demand(windows=(requests(limit, amount, "tokens"),))
        if not counting.admit(table, demand, now_ms).refused:
            taken.append((now_ms, amount))
    for begin, _ in taken:
        inside = sum(n for at, n in taken if begin <= at < begin + 60_000)
        assert inside <= limit


@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=30), st.integers(1, 4))
def test_who_waits_as_told_is_let_in(pauses, limit):
    table: dict[str, int] = {}
    now_ms = 1_800_000_000_123
    demand = Demand(windows=(requests(limit),))
    for pause_ms in pauses:
        now_ms += pause_ms
        refused = counting.admit(table, demand, now_ms)
        if refused.refused:
            now_ms += refused.wait_s * 1000
            assert not counting.admit(table, demand, now_ms).refused
