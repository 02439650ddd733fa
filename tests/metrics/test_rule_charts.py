"""Geometry of a rule's charts: what stands where, and what is said of it."""

from __future__ import annotations

from metrics import rule_charts
from metrics.reports import total
from metrics.rule_charts import Annotation
from metrics.types import BINS, SavingsRow
from metrics.what_if import Judged


def bins(**at: int) -> tuple[int, ...]:
    return tuple(at.get(f"n{place}", 0) for place in range(BINS))


def day(label: str, **changes) -> SavingsRow:
    values = {
        "label": label,
        "decisions": 10,
        "accepted": 5,
        "escalated": 5,
        "pass_through": 0,
        "aborted": 0,
        "unknown_cost": 0,
        "cost_nusd": 10**9,
        "baseline_nusd": 3 * 10**9,
    }
    return SavingsRow(**values | changes)


DAYS = [
    day("2026-11-18"),
    total((), label="2026-11-19"),
    day("2026-11-20", baseline_nusd=5 * 10**8),
]


def test_accepted_drafts_stand_below_escalated_ones():
    judged = Judged(accepted=bins(n80=3), rejected=bins(n80=1))
    chart = rule_charts.histogram(judged, threshold=0.7, chosen=70)
    (column,) = chart.columns
    yes, no = column.segments
    assert (yes.kind, no.kind) == ("yes", "no")
    assert yes.y + yes.height == chart.floor
    assert no.y + no.height == yes.y
    assert column.title == "0.80 to 0.81: 3 accepted, 1 escalated"


def test_vetoed_drafts_stand_left_of_the_scale():
    chart = rule_charts.histogram(Judged(vetoed=4), threshold=0.7, chosen=70)
    (column,) = chart.columns
    (box,) = column.segments
    assert box.kind == "vetoed"
    assert box.x + box.width < chart.scale_left
    assert "4 were vetoed" in chart.description


def test_a_single_draft_among_thousands_is_seen():
    judged = Judged(accepted=bins(n80=100_000, n90=1))
    chart = rule_charts.histogram(judged, threshold=0.7, chosen=70)
    assert chart.columns[1].segments[0].height >= 1


def test_the_threshold_stands_where_its_confidence_would():
    chart = rule_charts.histogram(Judged(), threshold=0.4, chosen=40)
    places = {tick.label: tick.position for tick in chart.scale}
    assert chart.threshold_x == chart.chosen_x == places["0.4"]
    assert "The threshold is 0.4." in chart.description


def test_a_rule_that_is_gone_has_no_threshold():
    chart = rule_charts.histogram(Judged(), threshold=None, chosen=70)
    assert chart.threshold_x is None
    assert "threshold" not in chart.description


def test_a_day_that_lost_hangs_below_zero():
    chart = rule_charts.trend(DAYS, [])
    saved, lost = (column.segments[0] for column in chart.columns)
    assert (saved.kind, lost.kind) == ("saved", "lost")
    assert saved.y + saved.height == chart.zero_y == lost.y
    assert [tick.label for tick in chart.amounts] == ["-$0.8", "$0", "$2"]


def test_a_quiet_day_breaks_the_line_and_has_no_column():
    chart = rule_charts.trend(DAYS, [])
    assert len(chart.lines) == 2
    assert len(chart.dots) == len(chart.columns) == 2


def test_changes_of_one_day_share_a_flag_and_those_of_no_day_have_none():
    changes = [
        Annotation(day="2026-11-20", text="b"),
        Annotation(day="2026-11-18", text="a"),
        Annotation(day="2026-11-20", text="c"),
        Annotation(day="2026-01-01", text="before"),
    ]
    chart = rule_charts.trend(DAYS, changes)
    assert [(flag.number, flag.texts) for flag in chart.flags] == [
        (1, ("a",)),
        (2, ("b", "c")),
    ]
    assert "changed: 2." in chart.description


def test_no_days_draw_nothing():
    chart = rule_charts.trend([], [])
    assert (chart.columns, chart.lines, chart.flags) == ((), (), ())
