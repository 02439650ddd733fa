from datetime import date

from metrics.links import State
from metrics.periods import Period

OWN = Period(first=date(2026, 11, 1), last=date(2026, 11, 2))
WEEK = Period(first=date(2026, 11, 1), last=date(2026, 11, 7), preset="7d")


def test_a_period_with_a_name_moves_on_with_time():
    assert State(period=WEEK, simulated=False).url() == "?period=7d&simulated=0"


def test_a_range_of_ones_own_stays():
    url = State(period=OWN, simulated=True).url()
    assert url == "?from=2026-11-01&to=2026-11-02&simulated=1"


def test_other_days_keep_everything_else():
    state = State(period=OWN, simulated=False, compare=False, shown="tag")
    url = state.url(days={"period": "90d"})
    assert url == "?period=90d&simulated=0&compare=0&show=tag"


def test_an_empty_word_takes_a_choice_away():
    state = State(period=WEEK, simulated=False, compare=False, shown="tag")
    assert state.url(compare="", show="") == "?period=7d&simulated=0"
