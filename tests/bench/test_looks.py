from bench.quality.looks import ALWAYS, NEVER, TwoLooks, best_zone, looked_at
from routing.quality.curve import Priced
from routing.quality.zone import Zone


def looks(first, second, *, good, cost=2.0):
    priced = Priced(
        confidence=first,
        draft_score=float(good),
        verifier_score=1.0,
        draft_cost=1.0,
        verifier_cost=10.0,
    )
    return TwoLooks(first=priced, second=second, cost=cost)


def test_a_second_look_is_paid_where_it_is_asked():
    row = looks(0.6, 0.9, good=True)
    asked, spared = looked_at(row, ALWAYS), looked_at(row, NEVER)
    assert (asked.confidence, asked.draft_cost) == (0.9, 3.0)
    assert (spared.confidence, spared.draft_cost) == (0.6, 1.0)


def test_where_none_can_be_had_none_is_paid():
    assert looked_at(looks(0.6, None, good=True), ALWAYS).draft_cost == 1.0


def test_a_zone_asks_within_its_bounds():
    zone = Zone(low=0.4, high=0.8)
    assert [zone.asks(c) for c in (0.3, 0.4, 0.79, 0.8)] == [False, True, True, False]


def test_the_best_zone_spares_what_is_sure_already():
    sure = [looks(0.9 + n / 1000, 0.97, good=True) for n in range(60)]
    open_ = [looks(0.5 + n / 1000, 0.2 + 0.7 * (n % 2), good=n % 2) for n in range(40)]
    zone = best_zone([*sure, *open_], 0.98)
    assert zone.asks(0.52)
    assert not zone.asks(0.99)


def test_an_opinion_that_tells_nothing_is_not_worth_asking():
    rows = [looks(n / 100, 0.5, good=n > 30, cost=5.0) for n in range(100)]
    zone = best_zone(rows, 0.98)
    assert not any(zone.asks(n / 100) for n in range(31, 100))
