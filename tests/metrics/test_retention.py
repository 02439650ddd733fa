from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from metrics import reports, retention, rollups
from metrics.models import RoutingDecision
from metrics.periods import Period
from metrics.rollup_models import RollupState
from tests.metrics.builders import MOMENT, make_id, make_record

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
PERIOD = Period(first=date(2026, 11, 1), last=TODAY)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(retention.timezone, "localdate", lambda **_: TODAY)


@pytest.fixture
def week(load):
    """A decision on each of seven days, the last one three days ago."""
    load(
        *(
            make_record(decision_id=make_id(n), started_at=MOMENT - timedelta(days=n))
            for n in range(7)
        )
    )


def kept():
    return RoutingDecision.objects.count()


def test_reports_survive_it(week):
    rollups.fold()
    before = reports.savings_by_day(PERIOD, simulated=False)
    assert retention.prune(days=5) == 4
    assert kept() == 3
    assert reports.savings_by_day(PERIOD, simulated=False) == before
    rollups.rebuild()
    assert reports.savings_by_day(PERIOD, simulated=False) == before


def test_what_is_not_summed_yet_is_summed_first(week):
    retention.prune(days=1)
    assert kept() == 0
    assert reports.savings(PERIOD, simulated=False).decisions == 7


def test_killed_halfway_no_sum_is_made_again(week, monkeypatch):
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    assert retention.prune(days=1, at_most=2) == 2
    assert kept() == 5
    rollups.rebuild()
    assert reports.savings(PERIOD, simulated=False).decisions == 7


def test_it_deletes_batch_by_batch(week, monkeypatch):
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    assert retention.prune(days=1) == 7


def test_a_decision_that_comes_late_for_a_pruned_day_is_summed(week, load):
    retention.prune(days=5)
    load(make_record(decision_id=make_id(99), started_at=MOMENT - timedelta(days=6)))
    rollups.fold()
    assert reports.savings(PERIOD, simulated=False).decisions == 8
    rollups.rebuild()
    assert reports.savings(PERIOD, simulated=False).decisions == 8
    assert retention.prune(days=5) == 1


def test_one_that_is_not_summed_yet_stays(week, load_unsummed, monkeypatch):
    rollups.fold()
    late = MOMENT - timedelta(days=6)
    load_unsummed(make_record(decision_id=make_id(99), started_at=late))
    monkeypatch.setattr(rollups, "fold", lambda: 0)
    assert retention.prune(days=1) == 7
    assert kept() == 1


def test_keeping_more_again_moves_no_border_back(week):
    retention.prune(days=5)
    retention.prune(days=8)
    assert RollupState.current().pruned_day == TODAY - timedelta(days=5)


def test_the_command_says_how_many_would_go_and_deletes_none(week, capsys):
    call_command("prune_decisions", "--days", "5", "--dry-run")
    assert capsys.readouterr().out == "4 decisions are older; none was deleted.\n"
    assert kept() == 7


def test_the_command_deletes_and_says_how_many(week, capsys, settings):
    settings.CASCADE_RETENTION_DAYS = 5
    call_command("prune_decisions")
    assert capsys.readouterr().out == "4 decisions deleted.\n"


@pytest.mark.parametrize("arguments", [(), ("--days", "0"), ("--days", "99999999")])
def test_the_command_wants_to_be_told_how_many_days(arguments):
    with pytest.raises(CommandError, match="days"):
        call_command("prune_decisions", *arguments)
