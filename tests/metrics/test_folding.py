from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import folding, rows
from metrics.folding import Calendar, Decision, Tally
from metrics.types import Usage
from tests.metrics.builders import MOMENT, make_call, make_record

TOKYO = ZoneInfo("Asia/Tokyo")
DRAFT = make_call(
    usage=Usage(input_tokens=5, output_tokens=7, cache_read_tokens=11), cost_nusd=100
)
VERIFIER = make_call(role="verifier", cost_nusd=900)


def summed(**changes):
    return dict(zip(folding.SUMS, folding.sums_of(decision(**changes)), strict=True))


def decision(**changes):
    record = make_record(**changes)
    own = {
        "calls": [rows.call_to_json(call) for call in record.calls],
        "draft_ms": 840,
    }
    names = [name for name in Decision._fields if name not in own]
    return Decision(**own, **{name: getattr(record, name) for name in names})


def test_calls_are_summed_by_their_part_in_the_cascade():
    sums = summed(calls=(DRAFT, VERIFIER, make_call(role="judge", cost_nusd=5)))
    assert (sums["draft_prompt_tokens"], sums["draft_cached_tokens"]) == (16, 11)
    assert sums["draft_output_tokens"] == 7
    assert sums["verifier_prompt_tokens"] == 1200
    assert (sums["draft_nusd"], sums["verifier_nusd"], sums["check_nusd"]) == (
        100,
        900,
        5,
    )


def test_a_fallback_is_a_verifiers():
    sums = summed(calls=(VERIFIER, make_call(role="fallback", cost_nusd=1)))
    assert sums["verifier_nusd"] == 901


@pytest.mark.parametrize(("outcome", "wasted"), [("accepted", 0), ("escalated", 100)])
def test_a_draft_that_was_not_returned_is_wasted(outcome, wasted):
    sums = summed(outcome=outcome, calls=(DRAFT, VERIFIER))
    assert sums["wasted_nusd"] == wasted
    assert sums["wasted_ms"] == (840 if wasted else 0)
    assert sums["wasted_drafts"] == (1 if wasted else 0)


def test_what_a_cold_verifier_cost_more_is_a_lost_discount():
    lost = {"calls": (DRAFT, VERIFIER), "baseline_nusd": 300, "outcome": "escalated"}
    assert summed(**lost, baseline_basis="verifier:warm")["lost_cache_nusd"] == 600
    assert summed(**lost, baseline_basis="verifier")["lost_cache_nusd"] == 0


def test_unknown_money_is_in_no_sum_but_its_tokens_are():
    sums = summed(
        baseline_nusd=None,
        baseline_basis="verifier:warm",
        outcome="escalated",
        calls=(DRAFT,),
    )
    assert sums["unknown_cost"] == 1
    assert {name for name, value in sums.items() if "nusd" in name and value} == set()
    assert sums["draft_output_tokens"] == 7


@pytest.mark.parametrize("threshold", range(101))
def test_a_draft_lies_in_the_bin_of_the_threshold_it_just_reaches(threshold):
    tally = Tally(calendar=Calendar(zone=UTC))
    tally.add(decision(confidence=threshold / 100))
    ((histogram),) = tally.histograms.values()
    assert histogram[0].index(1) == min(threshold, 99)


@given(minutes=st.integers(-100_000, 100_000), days=st.integers(-30, 30))
def test_nothing_crosses_the_border_of_what_was_pruned(minutes, days):
    moment = MOMENT + timedelta(minutes=minutes)
    day = date(2026, 11, 20) + timedelta(days=days)
    before = datetime.combine(day, datetime.min.time(), UTC)
    calendar = Calendar(zone=TOKYO, pruned_before=before, pruned_day=day)
    assert (calendar.day_of(moment) >= day) == (moment >= before)
    assert (calendar.hour_of(moment) >= before) == (moment >= before)


def test_an_hour_that_comes_twice_a_year_is_two():
    calendar = Calendar(zone=ZoneInfo("Europe/Berlin"))
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    hours = [calendar.hour_of(first + timedelta(hours=n)) for n in range(2)]
    assert hours == [first - timedelta(minutes=30), first + timedelta(minutes=30)]
