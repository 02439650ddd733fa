from itertools import pairwise

import pytest

from metrics import charts
from metrics.types import SavingsRow

USD = 10**9


def day(label="2026-11-20", *, cost=0, baseline=0, decisions=1, **parts):
    return SavingsRow(
        label=label,
        decisions=decisions,
        accepted=0,
        escalated=0,
        pass_through=0,
        aborted=0,
        unknown_cost=0,
        cost_nusd=cost,
        baseline_nusd=baseline,
        **parts,
    )


def only_bar(row):
    (bar,) = charts.savings_chart([row]).bars
    return {part.kind: part for part in bar.segments}


def test_the_top_of_a_bar_is_the_baseline():
    parts = only_bar(
        day(cost=6 * USD, baseline=10 * USD, draft_nusd=2 * USD, check_nusd=USD)
    )
    assert list(parts) == ["verifier", "draft", "check", "saved"]
    full = sum(part.height for part in parts.values())
    shares = [part.height / full for part in parts.values()]
    assert shares == pytest.approx([0.3, 0.2, 0.1, 0.4], abs=0.01)
    for below, above in pairwise(parts.values()):
        assert above.y + above.height == pytest.approx(below.y, abs=0.11)


def test_a_day_that_lost_shows_what_was_too_much():
    parts = only_bar(day(cost=10 * USD, baseline=9 * USD, draft_nusd=3 * USD))
    assert list(parts) == ["verifier", "draft", "lost"]
    heights = [part.height for part in parts.values()]
    shares = [height / sum(heights) for height in heights]
    assert shares == pytest.approx([0.7, 0.2, 0.1], abs=0.01)


def test_parts_are_the_cost_even_where_calls_do_not_add_up():
    parts = only_bar(day(cost=USD, baseline=2 * USD, draft_nusd=5 * USD))
    assert list(parts) == ["draft", "saved"]
    assert parts["draft"].height == pytest.approx(parts["saved"].height, abs=0.11)


def test_a_quiet_day_leaves_a_gap():
    quiet = day("2026-11-21", decisions=0)
    assert len(charts.savings_chart([day(cost=1, baseline=2), quiet]).bars) == 1


@pytest.mark.parametrize("count", [0, 1, 2, 7, 30, 90, 366])
def test_every_length_of_period_can_be_drawn(count):
    days = [day(cost=USD, baseline=2 * USD) for _ in range(count)]
    chart = charts.savings_chart(days)
    assert len(chart.bars) == count
    assert len(chart.days) <= charts.LABELLED_DAYS
    for bar in chart.bars:
        for part in bar.segments:
            assert chart.left <= part.x
            assert part.width > 0
            assert part.x + part.width <= chart.right + 1
            assert part.y >= 0
            assert part.y + part.height <= chart.floor + 0.1


@pytest.mark.parametrize("nusd", [0, 1, 10_000_000, 14_999_999_999, 9_000 * USD])
def test_the_axis_reaches_above_the_highest_bar(nusd):
    chart = charts.savings_chart([day(cost=nusd, baseline=nusd)])
    assert chart.amounts[0].label == "$0.00"
    tops = [part.y for bar in chart.bars for part in bar.segments]
    assert all(top >= chart.amounts[-1].position for top in tops)


def test_the_chart_says_itself_in_words():
    lost = day(cost=2 * USD, baseline=USD)
    chart = charts.savings_chart([lost])
    assert "Days that lost money: 1" in chart.description
    assert chart.bars[0].title == (
        "2026-11-20: lost $1.00, spent $2.00 (drafts $0.00, checks $0.00), "
        "verifier alone $1.00"
    )
