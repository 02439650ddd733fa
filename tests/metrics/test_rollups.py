import importlib
import os
import pkgutil
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DataError, OperationalError, connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from metrics import adding, folding, lines, loader, migrations, retention, rollups
from metrics.journal import Journal
from metrics.rollup_models import (
    DailyBreakdown,
    DailyRollup,
    DailyTotal,
    HourlyRollup,
    RollupState,
    ScoreHistogram,
)
from tests.metrics.builders import MOMENT, make_call, make_id, make_record
from tests.metrics.forgetting import forget_everything

pytestmark = pytest.mark.django_db
NUSD = st.none() | st.integers(0, 10**14)
RECORDS = st.lists(
    st.builds(
        dict,
        started_at=st.integers(-5000, 5000).map(
            lambda minutes: MOMENT + timedelta(minutes=minutes)
        ),
        rule=st.sampled_from(["", "opus"]),
        tag=st.sampled_from(["", "batch"]),
        outcome=st.sampled_from(["accepted", "escalated", "pass_through", "account"]),
        reason=st.sampled_from(["", "veto:empty"]),
        confidence=st.none() | st.floats(0, 1),
        calls=st.lists(
            st.builds(
                make_call,
                role=st.sampled_from(["draft", "verifier", "shadow"]),
                cost_nusd=NUSD,
            ),
            max_size=2,
        ).map(tuple),
        cost_nusd=NUSD,
        baseline_nusd=NUSD,
        baseline_basis=st.sampled_from(["verifier", "verifier:warm"]),
        status=st.sampled_from([200, 529]),
        simulated=st.booleans(),
        repeat=st.booleans(),
    ),
    max_size=20,
)
ZONES = st.sampled_from(["UTC", "Asia/Kolkata", "Asia/Tokyo", "America/New_York"])
ALSO_SUMMED = (HourlyRollup, ScoreHistogram, RollupState)
MANY = hypothesis_settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def everything():
    """All that is summed, comparable; rows without an id of their own."""
    daily = DailyRollup.objects.values_list(*folding.DAILY_KEYS, *folding.SUMS)
    parts = DailyBreakdown.objects.values_list(*adding.BREAKDOWN_KEYS, *folding.SUMS)
    totals = DailyTotal.objects.values_list(*adding.TOTAL_KEYS, *folding.SUMS)
    hourly = HourlyRollup.objects.values_list(
        *folding.HOURLY_KEYS, *folding.HOURLY_SUMS
    )
    bins = ScoreHistogram.objects.values_list(
        *folding.HISTOGRAM_KEYS, *folding.HISTOGRAM_SUMS
    )
    return tuple(map(sorted, (daily, parts, totals, hourly, bins)))


def money(start, end):
    """Decisions, cost and baseline of all days, as the sums have them."""
    rows = DailyRollup.objects.filter(day__gte=start, day__lt=end)
    names = ("decisions", "cost_nusd", "baseline_nusd", "wasted_nusd")
    return [sum(getattr(row, name) for row in rows) for name in names]


def load_some(load, records, *, first_id=0):
    load(
        *(
            make_record(decision_id=make_id(first_id + number), **changes)
            for number, changes in enumerate(records)
        )
    )


@MANY
@given(
    records=RECORDS,
    cuts=st.lists(st.integers(0, 20)),
    batch=st.integers(1, 7),
    inserted=st.booleans(),
)
def test_rebuilt_is_what_was_added_bit_by_bit(load, records, cuts, batch, inserted):
    forget_everything(*ALSO_SUMMED)
    with pytest.MonkeyPatch.context() as patch:
        if not inserted:  # nothing is added as it is inserted, all is read for it
            patch.setattr(rollups, "is_caught_up", lambda _state: False)
        patch.setattr(rollups, "FOLD_ROWS", batch)
        patch.setattr(rollups, "REBUILD_ROWS", batch + 2)
        start = 0
        for end in [*sorted(cuts), len(records)]:
            load_some(load, records[start:end], first_id=start)
            rollups.fold()
            start = max(start, end)
        added = everything()
        assert rollups.rebuild() == len(records)
    assert everything() == added
    total = [r for r in records if r["outcome"] != "account"]
    assert sum(row[len(folding.DAILY_KEYS)] for row in added[0]) == len(total)


@MANY
@given(
    records=RECORDS,
    late=RECORDS,
    days=st.integers(0, 6),
    again=st.integers(0, 6),
    zones=st.tuples(ZONES, ZONES),
)
def test_no_pruning_and_no_change_of_zone_changes_a_total(
    load, records, late, days, again, zones
):
    forget_everything(*ALSO_SUMMED)
    with pytest.MonkeyPatch.context() as patch:
        today = date(2026, 11, 23)
        patch.setattr(retention.timezone, "localdate", lambda **_: today)
        patch.setattr(retention, "BATCH_ROWS", 3)
        use_zone(patch, zones[0])
        load_some(load, records)
        retention.prune(days=days)
        load_some(load, late, first_id=100)
        rollups.fold()
        before = money(date.min, date.max)
        use_zone(patch, zones[1])
        rollups.rebuild()
        assert money(date.min, date.max) == before
        retention.prune(days=again)
        rebuilt = everything()
        rollups.rebuild()
    assert everything() == rebuilt
    assert money(date.min, date.max) == before
    expected = [r for r in [*records, *late] if r["outcome"] != "account"]
    assert before[0] == len(expected)


def use_zone(patch, name):
    patch.setattr(rollups.timezone, "get_default_timezone_name", lambda: name)


def test_each_decision_is_added_once(load_unsummed):
    load_unsummed(*(make_record(decision_id=make_id(n)) for n in (1, 2)))
    assert (rollups.fold(), rollups.fold()) == (2, 0)
    assert DailyRollup.objects.get().decisions == 2
    load_unsummed(*(make_record(decision_id=make_id(n)) for n in (3, 2)))
    assert rollups.fold() == 1
    assert DailyRollup.objects.get().decisions == 3


def test_what_is_loaded_is_summed_in_the_same_step(load):
    load(make_record(decision_id=make_id(1)), make_record(decision_id=make_id(2)))
    assert rollups.standing().behind == 0
    assert DailyRollup.objects.get().decisions == 2


def test_what_was_there_already_is_not_summed_again(load):
    load(make_record(decision_id=make_id(1)))
    load(make_record(decision_id=make_id(1)), make_record(decision_id=make_id(2)))
    rollups.fold()
    assert DailyRollup.objects.get().decisions == 2


def test_a_loader_adds_what_was_left_and_then_goes_on_from_there(load, load_unsummed):
    load_unsummed(make_record(decision_id=make_id(1)))
    load(make_record(decision_id=make_id(2)))
    assert rollups.standing().behind == 0
    assert DailyRollup.objects.get().decisions == 2


def test_a_loader_far_behind_leaves_new_ones_to_be_added_in_their_order(
    load, load_unsummed, monkeypatch
):
    monkeypatch.setattr(rollups, "CAUGHT_UP_ROWS", 2)
    load_unsummed(*(make_record(decision_id=make_id(n)) for n in range(3)))
    load(make_record(decision_id=make_id(3)))
    assert rollups.standing().behind == 2
    load(make_record(decision_id=make_id(4)))
    rollups.fold()
    assert DailyRollup.objects.get().decisions == 5


def test_sums_that_cannot_be_added_hold_up_no_decision(load, monkeypatch):
    def overflowing(tally):
        raise DataError("bigint out of range")

    monkeypatch.setattr(rollups.adding, "add", overflowing)
    load(make_record(decision_id=make_id(1)))
    load(make_record(decision_id=make_id(2)))
    assert rollups.standing().behind == 2
    monkeypatch.undo()
    rollups.fold()
    assert DailyRollup.objects.get().decisions == 2


def test_a_day_begins_at_midnight_of_time_zone(load, monkeypatch):
    use_zone(monkeypatch, "Asia/Kolkata")
    late = datetime(2026, 11, 20, 18, 40, tzinfo=UTC)
    load(make_record(started_at=late))
    rollups.fold()
    assert DailyRollup.objects.get().day == date(2026, 11, 21)
    assert HourlyRollup.objects.get().hour == late - timedelta(minutes=10)


def test_a_page_adds_what_came_just_now(load_unsummed):
    load_unsummed(make_record())
    standing = rollups.catch_up()
    assert (standing.behind, standing.other_zone) == (0, False)
    assert DailyRollup.objects.get().decisions == 1


def test_a_page_adds_a_bounded_part_of_a_backlog_and_says_what_is_left(
    load_unsummed, monkeypatch
):
    monkeypatch.setattr(rollups, "PAGE_ROWS", 2)
    load_unsummed(*(make_record(decision_id=make_id(n)) for n in range(5)))
    assert rollups.catch_up().behind == 3
    assert DailyRollup.objects.get().decisions == 2


def test_a_page_does_not_wait_for_a_database_that_is_written_to(
    load_unsummed, monkeypatch
):
    load_unsummed(make_record())

    def locked_if_free():
        raise OperationalError("database is locked")

    monkeypatch.setattr(RollupState, "locked_if_free", locked_if_free)
    assert rollups.catch_up().behind == 1


def test_a_page_leaves_it_to_whoever_is_at_it(load_unsummed, monkeypatch):
    load_unsummed(make_record())
    monkeypatch.setattr(RollupState, "locked_if_free", lambda: None)
    assert rollups.catch_up().behind == 1


def test_waiting_is_as_before_when_a_page_has_looked(load_unsummed):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite is told how long to wait")
    load_unsummed(make_record())
    rollups.catch_up()
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (5000,)


def test_a_change_of_time_zone_is_noticed_and_mended(load, monkeypatch):
    load(make_record(started_at=datetime(2026, 11, 20, 22, 0, tzinfo=UTC)))
    rollups.fold()
    use_zone(monkeypatch, "Asia/Tokyo")
    assert rollups.standing().other_zone
    assert rollups.standing().time_zone == "UTC"
    rollups.rebuild()
    assert not rollups.standing().other_zone
    assert DailyRollup.objects.get().day == date(2026, 11, 21)


def test_the_command_adds_and_says_so(load_unsummed, capsys):
    load_unsummed(make_record())
    call_command("rollup")
    assert capsys.readouterr().out == "1 decisions added.\n"
    call_command("rollup", "--rebuild")
    assert capsys.readouterr().out == "1 decisions read again.\n"


def test_the_command_says_that_days_are_of_another_zone(load, capsys, monkeypatch):
    load(make_record())
    rollups.fold()
    use_zone(monkeypatch, "Asia/Tokyo")
    call_command("rollup")
    assert "days in UTC, not of TIME_ZONE" in capsys.readouterr().out


FOLDER = """
    import sys
    from pathlib import Path
    import django
    django.setup()
    from metrics import batches, loader, rollups

    batches.BATCH_LINES, rollups.FOLD_ROWS = 3, 4
    while True:
        result = loader.load_once(Path(sys.argv[1]))
        if not (rollups.fold(at_most=8) or result.loaded or result.problem):
            break
"""


@pytest.mark.django_db(transaction=True)
def test_several_that_load_and_add_at_once_add_each_decision_once(tmp_path):
    environment = {
        **os.environ,  # noqa: TID251  handed on to our own processes
        "DATABASE_URL": address_for_others(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    if connection.vendor == "sqlite":
        finish([start(["-m", "django", "migrate", "-v0"], environment)])
    directories = [tmp_path / "one", tmp_path / "two"]
    for number, directory in enumerate(directories):
        load_later(directory, first_id=number * 100)
    script = textwrap.dedent(FOLDER)
    finish(
        [
            start(["-c", script, str(directory)], environment)
            for directory in [*directories, tmp_path / "none"]
        ]
    )
    count = (
        "import django; django.setup(); from metrics import rollups; rollups.fold();"
        "from metrics.models import RoutingDecision as D;"
        "from metrics.rollup_models import DailyRollup as R;"
        "assert D.objects.count() == 80, D.objects.count();"
        "assert [r.decisions for r in R.objects.all()] == [80], list(R.objects.all())"
    )
    finish([start(["-c", count], environment)])


@pytest.mark.django_db(transaction=True)
def test_nobody_inserts_while_another_does_so_ids_are_committed_in_order(tmp_path):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    rollups.standing()
    load_later(tmp_path, first_id=0)
    address = address_for_others(tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    with psycopg.connect(address.replace("postgres:", "postgresql:")) as other:
        other.execute("SELECT * FROM metrics_rollupstate FOR UPDATE")
        assert "lock timeout" in loader.load_once(tmp_path).problem
    assert loader.load_once(tmp_path).loaded == 40


def address_for_others(directory):
    """The tests' own PostgreSQL; SQLite's is in memory, so others get a file."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{directory / 'db.sqlite3'}"
    its = connection.settings_dict
    host = f"{its['HOST']}:{its['PORT']}"
    return f"postgres://{its['USER']}:{its['PASSWORD']}@{host}/{its['NAME']}"


def load_later(directory, *, first_id):
    writer = Journal(directory)
    for number in range(first_id, first_id + 40):
        writer.append(lines.encode(make_record(decision_id=make_id(number))))
    writer.close()


def start(arguments, environment):
    return subprocess.Popen([sys.executable, *arguments], env=environment)  # noqa: S603  our own


def finish(processes):
    assert [process.wait(60) for process in processes] == [0] * len(processes)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("migration", "step", "table"),
    [
        ("_overview_statements", "total_days", DailyTotal),
        ("_breakdown", "fill", DailyBreakdown),
    ],
)
def test_days_that_were_summed_before_there_was_a_table_are_in_it(
    load, migration, step, table
):
    load(
        make_record(decision_id=make_id(1)),
        make_record(decision_id=make_id(2), key_name="globex"),
        make_record(decision_id=make_id(3), outcome="escalated", cost_nusd=None),
        make_record(decision_id=make_id(4), simulated=True),
    )
    rollups.fold()
    summed = everything()
    table.objects.all().delete()
    (name,) = (
        module.name
        for module in pkgutil.iter_modules(migrations.__path__)
        if module.name.endswith(migration)
    )
    getattr(importlib.import_module(f"metrics.migrations.{name}"), step)(apps, None)
    assert everything() == summed
