from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import lines, loader, reports, rollups
from metrics.journal import Journal
from metrics.periods import Period
from metrics.rollup_models import HourlyRollup
from metrics.types import GroupSums
from tests.metrics.builders import MOMENT, make_call, make_id, make_record
from tests.metrics.forgetting import forget_everything
from tests.metrics.recount import recount

NUSD = st.none() | st.integers(0, 10**14)
PERIOD = Period(first=date(2026, 11, 18), last=date(2026, 11, 21))
CALLS = st.builds(
    make_call,
    role=st.sampled_from(["draft", "verifier", "judge"]),
    cost_nusd=NUSD,
    usage=st.none() | st.just(make_call().usage),
)
RECORDS = st.lists(
    st.builds(
        make_record,
        started_at=st.integers(-5000, 5000).map(
            lambda minutes: MOMENT + timedelta(minutes=minutes)
        ),
        rule=st.sampled_from(["", "opus", "sonnet"]),
        key_name=st.sampled_from(["acme", "globex"]),
        tag=st.sampled_from(["", "batch"]),
        calls=st.lists(CALLS, max_size=2).map(tuple),
        overhead_us=st.integers(0, 2000),
        outcome=st.sampled_from(["accepted", "escalated", "pass_through", "account"]),
        cost_nusd=NUSD,
        baseline_nusd=NUSD,
        baseline_basis=st.sampled_from(["verifier", "verifier:warm"]),
        status=st.sampled_from([200, 499, 529]),
        aborted=st.booleans(),
        simulated=st.booleans(),
        repeat=st.booleans(),
    ),
    max_size=25,
)


def independent(records, label, *, simulated):
    return recount(
        records, label, start=PERIOD.start, end=PERIOD.end, simulated=simulated
    )


def as_shown(row):
    names = [field.name for field in fields(GroupSums)]
    return [getattr(row, name) for name in names]


def numbered(records):
    return [
        make_record(
            **{
                name: getattr(record, name)
                for name in type(record).__dataclass_fields__
                if name != "decision_id"
            },
            decision_id=make_id(n),
        )
        for n, record in enumerate(records)
    ]


@pytest.mark.django_db
@given(records=RECORDS.map(numbered), simulated=st.booleans())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_all_sums_agree_to_the_nano_dollar(tmp_path, records, simulated):
    forget_everything(HourlyRollup)
    writer = Journal(tmp_path)
    for record in records:
        writer.append(lines.encode(record))
    writer.close()
    assert loader.load_once(tmp_path).loaded == len(records)
    rollups.fold()
    by_rule = reports.savings_by("rule", PERIOD, simulated=simulated)
    by_day = reports.savings_by_day(PERIOD, simulated=simulated)
    by_hour = reports.savings_by_hour(PERIOD, simulated=simulated)
    truth = independent(records, "all", simulated=simulated)
    assert reports.savings(PERIOD, simulated=simulated) == truth
    assert reports.total(by_rule) == truth
    tables = reports.tables(PERIOD, simulated=simulated)
    for name in reports.DIMENSIONS:
        rows = reports.savings_by(name, PERIOD, simulated=simulated)
        assert list(map(as_shown, tables[name])) == list(map(as_shown, rows))
    assert reports.total(by_day) == truth
    only_daily = dict.fromkeys(reports.ONLY_DAILY, 0)
    assert reports.total(by_hour) == replace(truth, **only_daily)
    for dimension in reports.DIMENSIONS:
        for row in reports.savings_by(dimension, PERIOD, simulated=simulated):
            mine = [r for r in records if getattr(r, dimension) == row.label]
            assert row == independent(mine, row.label, simulated=simulated)


@pytest.mark.django_db
def test_the_dearest_rule_comes_first(load):
    load(
        make_record(decision_id=make_id(1), rule="cheap", baseline_nusd=1),
        make_record(decision_id=make_id(2), rule="dear", baseline_nusd=9),
    )
    rollups.fold()
    rules = reports.savings_by("rule", PERIOD, simulated=False)
    assert [rule.label for rule in rules] == ["dear", "cheap"]


@pytest.mark.django_db
def test_a_quiet_day_is_a_row_too(load, django_assert_num_queries):
    load(make_record(started_at=MOMENT - timedelta(days=1)))
    rollups.fold()
    with django_assert_num_queries(1):
        days = reports.savings_by_day(PERIOD, simulated=False)
    assert [(day.label, day.decisions) for day in days] == [
        ("2026-11-18", 0),
        ("2026-11-19", 1),
        ("2026-11-20", 0),
        ("2026-11-21", 0),
    ]


@pytest.mark.django_db
def test_a_loss_is_a_negative_saving(load):
    load(make_record(outcome="escalated", cost_nusd=11, baseline_nusd=10))
    rollups.fold()
    row = reports.savings(PERIOD, simulated=False)
    assert (row.saving_nusd, row.saving_share) == (-1, -0.1)


@pytest.mark.django_db
def test_hours_are_labelled_by_their_first_moment(load):
    load(make_record(started_at=MOMENT + timedelta(minutes=59)))
    rollups.fold()
    (hour,) = reports.savings_by_hour(PERIOD, simulated=False)
    assert (hour.label, hour.decisions) == ("2026-11-20T12:00:00+00:00", 1)
