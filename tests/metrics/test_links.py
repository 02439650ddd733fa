from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from metrics.links import Links, State, asked_kind
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


def test_the_period_that_is_shown_is_marked_among_those_with_names():
    presets = State(period=WEEK, simulated=True).presets
    assert [each.label for each in presets if each.current] == ["7 days"]
    assert presets[-1].url == "?period=90d&simulated=1"


@pytest.mark.parametrize(
    ("said", "kind"), [("0", False), ("1", True), ("", None), ("yes", None)]
)
def test_a_kind_of_money_is_asked_for_or_not(said, kind):
    assert asked_kind({"simulated": said}) is kind


@pytest.mark.parametrize(
    ("rule", "filters"), [(None, []), ("", [""]), ("a&b", ["a&b"])]
)
def test_decisions_of_one_rule_are_found_and_of_none_too(rule, filters):
    url = Links(period=OWN, simulated=False, rule=rule).accepted()
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert query.get("rule__exact", []) == filters
    assert query["outcome__exact"] == ["accepted"]
