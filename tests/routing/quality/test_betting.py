import random

import pytest

from routing.quality.betting import Wealth, log_wealth, upper_bound


def wealth_of(rows, rate, **more):
    wealth = Wealth(rate, **more)
    for worse in rows:
        wealth.see(worse=worse)
    return wealth


def test_wealth_grows_while_the_claim_is_wrong():
    assert wealth_of([False] * 200, 0.05).log_wealth > 3
    assert wealth_of([True] * 20, 0.05, below=False).log_wealth > 3


def test_wealth_shrinks_while_the_claim_is_right():
    assert wealth_of([True] * 20, 0.05).log_wealth < 0
    assert wealth_of([False] * 200, 0.05, below=False).log_wealth < 0


def test_what_it_ever_was_is_kept():
    wealth = wealth_of([False] * 200 + [True] * 100, 0.05)
    assert wealth.most > 3 > 0 > wealth.log_wealth


def test_a_true_rate_is_rarely_denied_however_often_one_looks():
    chance, denied = random.Random(1), 0
    for _ in range(400):
        rows = [chance.random() < 0.05 for _ in range(400)]
        denied += wealth_of(rows, 0.05).most > 3.0  # ln(20): 5 %
    assert denied <= 0.05 * 400


def test_rows_drawn_rarely_count_by_their_weight():
    """One stratum is always labelled, the worse one every fifth time."""
    chance, denied = random.Random(2), 0
    for _ in range(300):
        wealth = Wealth(0.1, heaviest=5.0)
        for _ in range(300):
            if chance.random() < 0.5:
                wealth.see(worse=False, weight=1.0)
            elif chance.random() < 0.2:
                wealth.see(worse=chance.random() < 0.2, weight=5.0)
        denied += wealth.most > 3.0
    assert denied <= 0.05 * 300


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 2.0])
def test_a_rate_is_a_share(rate):
    with pytest.raises(ValueError, match="between 0 and 1"):
        Wealth(rate)


class TestUpperBound:
    def test_without_rows_nothing_is_known(self):
        assert upper_bound({}, 0.05) == 1.0

    def test_more_rows_say_more(self):
        few = upper_bound({(False, 1.0): 50}, 0.05)
        many = upper_bound({(False, 1.0): 500}, 0.05)
        assert 0 < many < few < 0.2

    def test_it_lies_above_what_was_seen(self):
        counts = {(True, 1.0): 50, (False, 1.0): 450}
        assert 0.1 < upper_bound(counts, 0.05) < 0.17


def test_what_rows_come_to_does_not_depend_on_their_order():
    counts = {(True, 1.0): 3, (False, 1.0): 200}
    one = wealth_of([True] * 3 + [False] * 200, 0.05)
    other = wealth_of([False] * 200 + [True] * 3, 0.05)
    for wealth in (one, other):
        assert wealth.log_wealth == pytest.approx(log_wealth(counts, 0.05))
