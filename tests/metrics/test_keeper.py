import logging
import signal
import threading
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from metrics import keeper, lines, loader, rollups
from metrics.chores import Chore
from metrics.journal import Journal
from metrics.keeper import Reporter
from metrics.loader import LoadResult
from metrics.models import RoutingDecision
from metrics.rollup_models import DailyRollup, RollupState
from tests.metrics.builders import make_record


def stop(*, told=False):
    event = threading.Event()
    if told:
        event.set()
    return event


@pytest.fixture
def journal(tmp_path, settings):
    settings.CASCADE_JOURNAL_DIR = tmp_path
    writer = Journal(tmp_path)
    writer.append(lines.encode(make_record()))
    return writer


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch):
    """A test is one transaction, which ends with its connection."""
    monkeypatch.setattr(connection, "close", lambda: None)


@pytest.fixture(autouse=True)
def _signals():
    kept = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.django_db
def test_it_loads_once_more_before_it_stops(journal, tmp_path):
    keeper.run(tmp_path, poll_s=0.01, stop=stop(told=True))
    assert RoutingDecision.objects.count() == 1


@pytest.mark.django_db
def test_it_goes_on_until_it_is_told(journal, tmp_path, monkeypatch):
    telling, passes = stop(), []

    def load_once(directory):
        passes.append(directory)
        if len(passes) == 3:
            telling.set()
        return LoadResult()

    monkeypatch.setattr(loader, "load_once", load_once)
    keeper.run(tmp_path, poll_s=0.001, stop=telling)
    assert len(passes) == 4


@pytest.mark.django_db
def test_it_does_its_chores_beside_loading(journal, tmp_path, monkeypatch):
    telling = stop()
    chore = Chore(work=telling.set, every_s=60, trouble="")
    monkeypatch.setattr("metrics.chores.chores", [chore])
    keeper.run(tmp_path, poll_s=0.001, stop=telling)
    assert telling.is_set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_by_a_signal(number):
    told = keeper.stop_on_signals()
    assert not told.is_set()
    signal.raise_signal(number)
    assert told.is_set()


def test_there_is_one_for_a_directory(tmp_path):
    with keeper.only_one(tmp_path, wait=False, stop=stop()) as first:
        assert first
        with keeper.only_one(tmp_path, wait=False, stop=stop()) as second:
            assert not second
    with keeper.only_one(tmp_path, wait=False, stop=stop()) as third:
        assert third


def test_one_that_waits_takes_over(tmp_path, monkeypatch):
    monkeypatch.setattr(keeper, "LOCK_POLL_S", 0.001)
    first = keeper.only_one(tmp_path, wait=False, stop=stop())
    first.__enter__()
    timer = threading.Timer(0.02, first.__exit__, (None, None, None))
    timer.start()
    with keeper.only_one(tmp_path, wait=True, stop=stop()) as second:
        assert second
    timer.join()


def test_one_that_waits_can_be_told_to_stop(tmp_path):
    with (
        keeper.only_one(tmp_path, wait=False, stop=stop()),
        keeper.only_one(tmp_path, wait=True, stop=stop(told=True)) as second,
    ):
        assert not second


@pytest.mark.django_db
def test_the_command_loads_once_and_says_so(journal, capsys):
    call_command("keeper", "--once")
    assert capsys.readouterr().out == "1 decisions loaded.\n"


@pytest.mark.django_db
def test_a_second_command_leaves_the_work_to_the_first(journal, tmp_path, capsys):
    with keeper.only_one(tmp_path, wait=False, stop=stop()):
        call_command("keeper")
    assert capsys.readouterr().out == "Another keeper is at work here.\n"
    assert not RoutingDecision.objects.exists()


@pytest.mark.django_db
def test_the_command_runs_until_it_is_told(journal, settings, monkeypatch):
    settings.CASCADE_KEEPER_POLL_S = 30
    real = keeper.load

    def load(directory, **asked):
        signal.raise_signal(signal.SIGTERM)
        return real(directory, **asked)

    monkeypatch.setattr(keeper, "load", load)
    call_command("keeper")
    assert RoutingDecision.objects.count() == 1


def test_it_logs_changes_and_nothing_else(caplog):
    reporter = Reporter()
    with caplog.at_level(logging.INFO):
        for problem in ("", "locked", "locked", "unreadable", "", ""):
            reporter.report(LoadResult(loaded=5, problem=problem))
        reporter.report(LoadResult(rejected=2))
    assert [entry.getMessage()[:22] for entry in caplog.records] == [
        "The account is not up ",
        "The account is not up ",
        "The account is up to d",
        "2 journal lines could ",
    ]


@pytest.mark.django_db
def test_what_was_loaded_is_added_to_the_sums(journal, tmp_path):
    assert keeper.load(tmp_path).loaded == 1
    assert DailyRollup.objects.get().decisions == 1


@pytest.mark.django_db
def test_sums_in_trouble_are_a_problem_and_lose_nothing(journal, tmp_path, monkeypatch):
    def fold(**_options):
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(rollups, "fold", fold)
        result = keeper.load(tmp_path)
    assert (result.loaded, "sums are behind" in result.problem) == (1, True)
    assert keeper.load(tmp_path) == LoadResult()
    assert DailyRollup.objects.get().decisions == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "left"), [(0, 1), (1, 0)])
def test_it_prunes_only_where_it_was_told_to(journal, tmp_path, settings, days, left):
    settings.CASCADE_RETENTION_DAYS = days
    keeper.load(tmp_path)
    RoutingDecision.objects.update(started_at=timezone.now() - timedelta(days=30))
    telling = stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper, "_prune", partial(_prune_once, keeper._prune, telling))
        if not days:
            telling.set()
        keeper.run(tmp_path, poll_s=0.001, stop=telling)
    assert RoutingDecision.objects.count() == left


def _prune_once(prune, telling):
    telling.set()
    prune()


@pytest.mark.django_db
def test_a_changed_time_zone_is_followed_when_it_starts(journal, tmp_path):
    keeper.load(tmp_path)
    RollupState.objects.update(time_zone="Asia/Tokyo")
    keeper.run(tmp_path, poll_s=0.001, stop=stop(told=True))
    assert RollupState.current().time_zone == "UTC"
    assert DailyRollup.objects.get().decisions == 1


@pytest.mark.django_db
def test_an_idle_keeper_looks_at_the_sums_once_and_not_at_each_round(
    tmp_path, monkeypatch
):
    looks = []
    monkeypatch.setattr(keeper.rollups, "fold", lambda **_: looks.append(1))

    class Rounds(threading.Event):
        left = 20

        def is_set(self):
            self.left -= 1
            return self.left < 0

    keeper.run(tmp_path, poll_s=0.001, stop=Rounds())
    assert len(looks) == 2  # at the start, and at the end
