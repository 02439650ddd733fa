"""What every ledger does, whatever keeps its tables."""

from __future__ import annotations

import threading
from collections.abc import Callable

from routing.limits.ledger import Ledger
from routing.limits.terms import Admission, Budget, Demand, Held, Settlement, Window

DAY = "d:2027-01-15"
MONTH = "m:2027-01"


def requests(limit: int = 3, amount: int = 1, name: str = "requests") -> Window:
    return Window(name=name, limit=limit, amount=amount)


def day(limit_nusd: int, floor_nusd: int = 0) -> Budget:
    return Budget(
        period=DAY,
        keep_from="d:2027-01-14",
        limit_nusd=limit_nusd,
        floor_nusd=floor_nusd,
    )


def month(limit_nusd: int) -> Budget:
    return Budget(period=MONTH, keep_from="m:2026-12", limit_nusd=limit_nusd)


def call(lease: str, nusd: int = 0, *budgets: Budget, **more: object) -> Demand:
    return Demand(
        lease=lease,
        lease_s=60,
        money_nusd=nusd,
        budgets=budgets,
        **more,  # type: ignore[arg-type]
    )


def at_once(calls: int, ask: Callable[[int], Admission]) -> list[Admission]:
    """What `calls` threads get that ask at the same moment."""
    found: list[Admission] = []
    barrier = threading.Barrier(calls)

    def run(number: int) -> None:
        barrier.wait()
        found.append(ask(number))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


class LedgerContract:
    """Tests of a ledger; a subclass brings the fixture `ledger`, empty."""

    def test_lets_in_what_a_window_has_room_for(self, ledger: Ledger):
        got = [ledger.admit("k", Demand(windows=(requests(),))) for _ in range(4)]
        assert [admission.refused for admission in got] == ["", "", "", "requests"]
        assert [admission.used["requests"] for admission in got] == [1, 2, 3, 3]
        assert 59 <= got[-1].wait_s <= 61

    def test_counts_each_key_for_itself(self, ledger: Ledger):
        demand = Demand(windows=(requests(limit=1),))
        assert not ledger.admit("k", demand).refused
        assert not ledger.admit("other", demand).refused
        assert ledger.admit("k", demand).refused

    def test_takes_nothing_of_what_is_refused(self, ledger: Ledger):
        full = Demand(windows=(requests(), requests(5, 9, "tokens")))
        assert ledger.admit("k", full).refused == "tokens"
        room = Demand(windows=(requests(),))
        assert ledger.admit("k", room).used["requests"] == 1

    def test_lets_exactly_so_many_in_that_ask_at_once(self, ledger: Ledger):
        demand = Demand(windows=(requests(limit=7),))
        got = at_once(24, lambda _: ledger.admit("k", demand))
        assert sum(not admission.refused for admission in got) == 7

    def test_a_place_is_free_again_when_its_request_has_ended(self, ledger: Ledger):
        assert not ledger.admit("k", call("one", concurrent=2)).refused
        assert not ledger.admit("k", call("two", concurrent=2)).refused
        refused = ledger.admit("k", call("three", concurrent=2))
        assert (refused.refused, refused.used["concurrent"]) == ("concurrent", 2)
        ledger.settle("k", Settlement(lease="one"))
        assert not ledger.admit("k", call("three", concurrent=2)).refused

    def test_reserves_money_until_it_is_settled(self, ledger: Ledger):
        assert not ledger.admit("k", call("one", 60, day(100))).refused
        reserved = ledger.admit("k", call("two", 60, day(100)))
        assert (reserved.refused, reserved.used[DAY]) == (DAY, 0)
        assert reserved.wait_s > 0, "another request may cost less than expected"
        ledger.settle("k", Settlement(lease="one", spent_nusd=30, periods=(DAY,)))
        assert not ledger.admit("k", call("two", 60, day(100))).refused
        ledger.settle("k", Settlement(lease="two", spent_nusd=70, periods=(DAY,)))
        spent = ledger.admit("k", call("three", 1, day(100)))
        assert (spent.refused, spent.wait_s, spent.used[DAY]) == (DAY, 0, 100)

    def test_keeps_a_day_and_a_month(self, ledger: Ledger):
        both = (day(100), month(150))
        assert not ledger.admit("k", call("one", 90, *both)).refused
        settled = Settlement(lease="one", spent_nusd=90, periods=(DAY, MONTH))
        ledger.settle("k", settled)
        tomorrow = Budget(
            period="d:2027-01-16", keep_from="d:2027-01-15", limit_nusd=100
        )
        got = ledger.admit("k", call("two", 90, tomorrow, month(150)))
        assert (got.refused, got.used[MONTH]) == (MONTH, 90)

    def test_forgets_days_long_past(self, ledger: Ledger):
        ledger.settle(
            "k", Settlement(lease="x", spent_nusd=5, periods=("d:2027-01-13", DAY))
        )
        ledger.admit("k", call("one", 1, day(100)))
        spent = [name for name in ledger.table("k") if name.startswith("s:")]
        assert spent == [f"s:real:{DAY}"]

    def test_believes_the_account_where_it_knows_of_more(self, ledger: Ledger):
        got = ledger.admit("k", call("one", 10, day(100, floor_nusd=95)))
        assert (got.refused, got.used[DAY]) == (DAY, 95)
        lower = ledger.admit("k", call("one", 10, day(100, floor_nusd=20)))
        assert lower.used[DAY] == 95, "what was known once stays known"

    def test_simulated_money_is_of_another_purse(self, ledger: Ledger):
        play = call("one", 100, day(100), purse="play")
        assert not ledger.admit("k", play).refused
        assert not ledger.admit("k", call("two", 100, day(100))).refused
        assert ledger.admit("k", call("three", 100, day(100), purse="play")).refused

    def test_never_sets_more_aside_than_there_is(self, ledger: Ledger):
        got = at_once(20, lambda n: ledger.admit("k", call(f"l{n}", 15, day(100))))
        assert sum(not admission.refused for admission in got) == 6

    def test_counts_large_sums_to_the_last_nano_dollar(self, ledger: Ledger):
        sums = (3_000_000_000_000_001, 2)
        for number, nusd in enumerate(sums):
            settled = Settlement(lease=f"{number}", spent_nusd=nusd, periods=(MONTH,))
            ledger.settle("k", settled)
        got = ledger.admit("k", call("one", 1, month(4 * 10**15)))
        assert got.used[MONTH] == sum(sums)

    def test_tokens_are_settled_with_what_they_were(self, ledger: Ledger):
        tokens = Demand(windows=(requests(100, 60, "tokens"),))
        first = ledger.admit("k", tokens)
        assert ledger.admit("k", tokens).refused == "tokens"
        ledger.settle("k", Settlement(tokens=-50, slot=first.slot))
        assert ledger.admit("k", tokens).used["tokens"] == 70
        ledger.settle("k", Settlement(tokens=25, slot=first.slot))
        few = Demand(windows=(requests(100, 1, "tokens"),))
        assert ledger.admit("k", few).used["tokens"] == 96

    def test_what_is_renewed_is_held_even_if_it_was_forgotten(self, ledger: Ledger):
        ledger.renew("k", [Held(lease="one", money_nusd=60)], 60)
        got = ledger.admit("k", call("two", 60, day(100), concurrent=1))
        assert got.used["concurrent"] == 1
        assert got.refused == DAY

    def test_settling_twice_lets_go_once(self, ledger: Ledger):
        ledger.admit("k", call("one", concurrent=5))
        ledger.admit("k", call("two", concurrent=5))
        for _ in range(2):
            ledger.settle("k", Settlement(lease="one"))
        assert ledger.admit("k", call("x", concurrent=5)).used["concurrent"] == 2
