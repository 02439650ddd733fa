from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import periods, rollups, statements
from metrics.models import RoutingDecision
from metrics.statement_models import ClosedSum, MonthClosing
from metrics.statements import NotClosable
from tests.metrics.builders import make_id, make_record
from tests.metrics.forgetting import forget_everything

pytestmark = pytest.mark.django_db
OCTOBER = periods.month("2026-10")
INSIDE = datetime(2026, 10, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _november(monkeypatch):
    on(monkeypatch, date(2026, 11, 3))


@pytest.fixture
def alice(django_user_model):
    return django_user_model.objects.create_user("alice")


def on(monkeypatch, day):
    monkeypatch.setattr(statements.timezone, "localdate", lambda: day)


def figures(line):
    return [getattr(line, name) for name in statements.SUMS]


NUSD = st.none() | st.integers(0, 10**13)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "started_at": st.integers(-700, 700).map(
                lambda hours: INSIDE + timedelta(hours=hours)
            ),
            "key_name": st.sampled_from(["acme", "globex"]),
            "tag": st.sampled_from(["", "batch", "agent"]),
            "outcome": st.sampled_from(["accepted", "escalated", "account"]),
            "cost_nusd": NUSD,
            "baseline_nusd": NUSD,
            "simulated": st.booleans(),
            "aborted": st.booleans(),
            "repeat": st.booleans(),
        }
    ),
    max_size=15,
)


def truth(records, column):
    """The lines once more, from the records themselves and with none of our code."""
    found = {}
    for r in records:
        started = r["started_at"]
        if r["simulated"] or r["outcome"] == "account" or started.month != 10:
            continue
        known = r["cost_nusd"] is not None and r["baseline_nusd"] is not None
        sums = found.setdefault(r[column], [0, 0, 0, 0])
        sums[0] += 1
        sums[1] += not known
        sums[2] += r["cost_nusd"] if known else 0
        sums[3] += r["baseline_nusd"] if known else 0
    return found


def by_label(lines):
    return {line.label: figures(line) for line in lines}


@given(first=RECORDS, late=RECORDS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_comes_after_closing_is_an_adjustment_to_the_nano_dollar(
    load, django_user_model, first, late
):
    forget_everything(ClosedSum, MonthClosing)
    user, _ = django_user_model.objects.get_or_create(username="alice")
    add(load, first, 0)
    for axis, column in statements.COLUMN_OF.items():
        opened = statements.read(OCTOBER, by=axis)
        assert by_label(opened.lines) == truth(first, column)
        assert figures(opened.adjustment) == [0, 0, 0, 0]
    if not truth(first, "tag"):
        with pytest.raises(NotClosable, match="no decisions"):
            statements.close(OCTOBER, user)
        return
    statements.close(OCTOBER, user)
    add(load, late, len(first))
    for axis, column in statements.COLUMN_OF.items():
        closed = statements.read(OCTOBER, by=axis)
        assert by_label(closed.lines) == truth(first, column)
        assert by_label(closed.adjustments) == truth(late, column)
        every = truth(first + late, column).values()
        assert figures(closed.adjusted) == [sum(n) for n in zip(*every, strict=True)]


def add(load, records, first_id):
    load(
        *(
            make_record(decision_id=make_id(first_id + number), **changes)
            for number, changes in enumerate(records)
        )
    )
    rollups.fold()


def test_a_corrected_price_is_an_adjustment_too(load, alice):
    load(make_record(started_at=INSIDE, cost_nusd=100, baseline_nusd=300))
    rollups.fold()
    statements.close(OCTOBER, alice)
    RoutingDecision.objects.update(cost_nusd=150)
    rollups.rebuild()
    closed = statements.read(OCTOBER, by="key")
    assert [line.cost_nusd for line in closed.lines] == [100]
    assert [line.cost_nusd for line in closed.adjustments] == [50]
    assert [line.saving_nusd for line in closed.adjustments] == [-50]
    assert closed.adjusted.cost_nusd == 150


def test_closing_is_written_down_with_who_and_when(load, alice):
    load(make_record(started_at=INSIDE))
    rollups.fold()
    closing = statements.close(OCTOBER, alice)
    assert (closing.closed_by, closing.time_zone) == ("alice", "UTC")
    (entry,) = LogEntry.objects.all()
    assert (entry.user, entry.object_id) == (alice, str(closing.pk))
    assert entry.get_change_message() == (
        "Closed at $0.0108 gross, $0.0105 saved, $0.000270 net."
    )


def test_a_month_is_closed_once(load, alice):
    load(make_record(started_at=INSIDE))
    rollups.fold()
    statements.close(OCTOBER, alice)
    with pytest.raises(NotClosable, match="2026-10 is closed already"):
        statements.close(OCTOBER, alice)
    assert MonthClosing.objects.count() == LogEntry.objects.count() == 1


def test_a_month_that_is_not_over_stays_open(load, alice, monkeypatch):
    load(make_record(started_at=INSIDE))
    rollups.fold()
    on(monkeypatch, OCTOBER.last)
    with pytest.raises(NotClosable, match="not over yet"):
        statements.close(OCTOBER, alice)


def test_a_month_waits_for_decisions_that_are_not_summed_yet(
    load, load_unsummed, alice
):
    load(make_record(started_at=INSIDE))
    rollups.fold()
    load_unsummed(make_record(decision_id=make_id(2), started_at=INSIDE))
    with pytest.raises(NotClosable, match="not in these figures yet"):
        statements.close(OCTOBER, alice)


def test_months_are_listed_from_the_first_decision_to_the_last(load, alice):
    load(
        make_record(decision_id=make_id(1), started_at=INSIDE),
        make_record(
            decision_id=make_id(2), started_at=datetime(2026, 11, 2, tzinfo=UTC)
        ),
        make_record(
            decision_id=make_id(3), started_at=datetime(2026, 8, 2, tzinfo=UTC)
        ),
        make_record(
            decision_id=make_id(4),
            started_at=datetime(2026, 7, 2, tzinfo=UTC),
            simulated=True,
        ),
    )
    rollups.fold()
    statements.close(OCTOBER, alice)
    told = [(m.month, m.running, m.closed_by) for m in statements.months()]
    assert told == [
        ("2026-11", True, ""),
        ("2026-10", False, "alice"),
        ("2026-09", False, ""),
        ("2026-08", False, ""),
    ]


def test_without_decisions_there_are_no_months():
    assert statements.months() == []
