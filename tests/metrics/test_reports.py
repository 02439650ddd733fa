from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import lines, loader, reports
from metrics.journal import Journal
from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.types import SavingsRow
from tests.metrics.builders import MOMENT, make_id, make_record

NUSD = st.none() | st.integers(0, 10**14)
PERIOD = Period(first=date(2026, 11, 18), last=date(2026, 11, 21))
RECORDS = st.lists(
    st.builds(
        make_record,
        started_at=st.integers(-5000, 5000).map(
            lambda minutes: MOMENT + timedelta(minutes=minutes)
        ),
        rule=st.sampled_from(["", "opus", "sonnet"]),
        outcome=st.sampled_from(["accepted", "escalated", "pass_through", "account"]),
        cost_nusd=NUSD,
        baseline_nusd=NUSD,
        status=st.sampled_from([200, 499, 529]),
        aborted=st.booleans(),
        simulated=st.booleans(),
        repeat=st.booleans(),
    ),
    max_size=25,
)


def independent(records, label, *, simulated):
    """The sums once more, from the records themselves and with none of our code."""
    mine = [
        r
        for r in records
        if r.simulated == simulated
        and PERIOD.start <= r.started_at < PERIOD.end
        and r.outcome != "account"
    ]
    known = [r for r in mine if None not in (r.cost_nusd, r.baseline_nusd)]
    return SavingsRow(
        label=label,
        decisions=len(mine),
        accepted=[r.outcome for r in mine].count("accepted"),
        escalated=[r.outcome for r in mine].count("escalated"),
        pass_through=[r.outcome for r in mine].count("pass_through"),
        aborted=sum(r.aborted for r in mine),
        unknown_cost=len(mine) - len(known),
        cost_nusd=sum(r.cost_nusd for r in known),
        baseline_nusd=sum(r.baseline_nusd for r in known),
        repeats=sum(r.repeat for r in mine),
    )


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
    RoutingDecision.objects.all().delete()
    writer = Journal(tmp_path)
    for record in records:
        writer.append(lines.encode(record))
    writer.close()
    assert loader.load_once(tmp_path).loaded == len(records)
    span = {"start": PERIOD.start, "end": PERIOD.end, "simulated": simulated}
    by_rule = reports.savings_by_rule(**span)
    by_day = reports.savings_by_day(PERIOD, simulated=simulated)
    truth = independent(records, "all", simulated=simulated)
    assert reports.savings(**span) == truth
    assert reports.total(by_rule) == truth
    kinds = reports.savings_by_kind(start=PERIOD.start, end=PERIOD.end)
    assert kinds[simulated] == by_rule
    assert reports.total(by_day) == truth
    for row in by_rule:
        mine = [r for r in records if r.rule == row.label]
        assert row == independent(mine, row.label, simulated=simulated)


@pytest.mark.django_db
def test_the_dearest_rule_comes_first(load):
    load(
        make_record(decision_id=make_id(1), rule="cheap", baseline_nusd=1),
        make_record(decision_id=make_id(2), rule="dear", baseline_nusd=9),
    )
    rules = reports.savings_by_rule(start=PERIOD.start, end=PERIOD.end, simulated=False)
    assert [rule.label for rule in rules] == ["dear", "cheap"]


@pytest.mark.django_db
def test_a_quiet_day_is_a_row_too(load, django_assert_num_queries):
    load(make_record(started_at=MOMENT - timedelta(days=1)))
    with django_assert_num_queries(4):
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
    row = reports.savings(start=PERIOD.start, end=PERIOD.end, simulated=False)
    assert (row.saving_nusd, row.saving_share) == (-1, -0.1)
