import os
import random
import signal
import subprocess
import sys
import textwrap

import pytest
from django.db import DataError, OperationalError, connection

from metrics import batches, lines, loader
from metrics.journal import Journal
from metrics.models import JournalFile, RoutingDecision
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db


def record(number):
    return make_record(decision_id=make_id(number))


def journal_of(directory, numbers):
    writer = Journal(directory)
    for number in numbers:
        writer.append(lines.encode(record(number)))
    return writer


def files(directory):
    return [p for p in directory.glob("*.jsonl") if p.name != loader.REJECTED_NAME]


def loaded_ids():
    return sorted(RoutingDecision.objects.values_list("decision_id", flat=True))


def test_nothing_to_load_is_no_problem(tmp_path):
    assert loader.load_once(tmp_path / "absent") == loader.LoadResult()


def test_a_living_journal_is_followed_and_kept(tmp_path):
    writer = journal_of(tmp_path, range(3))
    assert loader.load_once(tmp_path).loaded == 3
    assert loader.load_once(tmp_path) == loader.LoadResult()
    writer.append(lines.encode(record(3)))
    assert loader.load_once(tmp_path).loaded == 1
    assert loaded_ids() == [make_id(n) for n in range(4)]
    assert len(files(tmp_path)) == 1


def test_a_dead_owners_file_goes_when_it_is_loaded(tmp_path):
    journal_of(tmp_path, range(3)).close()
    assert loader.load_once(tmp_path).loaded == 3
    assert files(tmp_path) == []
    assert not JournalFile.objects.exists()


def test_more_than_a_batch_is_loaded_at_once(tmp_path):
    count = batches.BATCH_LINES * 2 + 7
    journal_of(tmp_path, range(count)).close()
    assert loader.load_once(tmp_path).loaded == count


def test_a_decision_is_never_loaded_twice(tmp_path):
    journal_of(tmp_path, [1, 2]).close()
    journal_of(tmp_path, [2, 3]).close()
    result = loader.load_once(tmp_path)
    assert (result.loaded, result.duplicates) == (3, 1)
    assert loaded_ids() == [make_id(n) for n in (1, 2, 3)]


def test_a_line_still_being_written_is_left_for_later(tmp_path):
    writer = journal_of(tmp_path, [1])
    whole = lines.encode(record(2))
    os.write(writer._file.fd, whole[:50])
    assert loader.load_once(tmp_path).loaded == 1
    os.write(writer._file.fd, whole[50:] + b"\n")
    assert loader.load_once(tmp_path).loaded == 1


def test_a_line_its_owner_died_over_is_refused(tmp_path):
    writer = journal_of(tmp_path, [1])
    os.write(writer._file.fd, b'{"v":1,"decision')
    writer.close()
    result = loader.load_once(tmp_path)
    assert (result.loaded, result.rejected) == (1, 1)
    assert files(tmp_path) == []


def test_a_bad_line_is_set_aside_and_blocks_nothing(tmp_path):
    writer = journal_of(tmp_path, [1])
    writer.append(b"nonsense")
    writer.append(lines.encode(record(2)))
    result = loader.load_once(tmp_path)
    assert (result.loaded, result.rejected) == (2, 1)
    assert (tmp_path / loader.REJECTED_NAME).read_bytes() == b"nonsense\n"
    assert JournalFile.objects.get().rejected_lines == 1


def test_a_row_the_database_refuses_blocks_nothing(tmp_path):
    journal_of(tmp_path, range(5)).close()
    writer = Journal(tmp_path)
    writer.append(lines.encode(make_record(decision_id=make_id(99), total_ms=2**70)))
    writer.close()
    result = loader.load_once(tmp_path)
    assert (result.loaded, result.rejected) == (5, 1)


def test_only_the_refused_rows_of_a_batch_are_refused(tmp_path, monkeypatch):
    real = loader._insert_many

    def insert(records):
        if any(new.record.decision_id == make_id(3) for new in records):
            raise DataError("value out of range")
        return real(records)

    monkeypatch.setattr(loader, "_insert_many", insert)
    journal_of(tmp_path, range(8)).close()
    result = loader.load_once(tmp_path)
    assert (result.loaded, result.rejected) == (7, 1)
    kept = lines.decode((tmp_path / loader.REJECTED_NAME).read_bytes())
    assert kept.decision_id == make_id(3)


def test_a_full_disk_for_refused_lines_blocks_nothing(tmp_path):
    (tmp_path / loader.REJECTED_NAME).mkdir()
    writer = journal_of(tmp_path, [1])
    writer.append(b"nonsense")
    result = loader.load_once(tmp_path)
    assert (result.loaded, result.rejected, result.problem) == (1, 1, "")


def test_a_file_that_cannot_be_read_blocks_no_other(tmp_path):
    (tmp_path / "0-a-directory.jsonl").mkdir()
    journal_of(tmp_path, range(3)).close()
    result = loader.load_once(tmp_path)
    assert result.loaded == 3
    assert result.problem.startswith("0-a-directory.jsonl: IsADirectoryError")


def test_a_file_that_can_be_read_again_goes_on_where_it_stopped(tmp_path, monkeypatch):
    journal_of(tmp_path, range(batches.BATCH_LINES + 1)).close()
    real = batches._next_batch
    monkeypatch.setattr(batches, "_next_batch", failing_at_the_second(real))
    result = loader.load_once(tmp_path)
    assert result.loaded == batches.BATCH_LINES
    assert "input/output error" in result.problem
    assert loader.load_once(tmp_path) == loader.LoadResult(loaded=1)
    assert files(tmp_path) == []


def failing_at_the_second(call):
    """`call`, but for its second time: then the disk is in trouble."""
    times = []

    def wrapped(*arguments, **options):
        times.append(1)
        if len(times) == 2:
            raise OSError("input/output error")
        return call(*arguments, **options)

    return wrapped


def test_a_directory_that_cannot_be_listed_is_a_problem(tmp_path, monkeypatch):
    def listing(_directory):
        raise OSError("input/output error")

    monkeypatch.setattr(loader, "_journal_files", listing)
    monkeypatch.setattr(connection, "close", lambda: None)
    assert "input/output error" in loader.load_once(tmp_path).problem


def test_a_database_in_trouble_loses_nothing(tmp_path, monkeypatch):
    journal_of(tmp_path, range(3)).close()

    def insert(_records):
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(loader, "_insert_many", insert)
        patch.setattr(connection, "close", lambda: None)
        result = loader.load_once(tmp_path)
    assert "database is locked" in result.problem
    assert result.loaded == 0
    assert loader.load_once(tmp_path).loaded == 3


def test_of_two_loaders_the_slower_steps_back(tmp_path, monkeypatch):
    journal_of(tmp_path, range(3))
    real = loader._advance

    def advance(name, batch):
        monkeypatch.setattr(loader, "_advance", real)
        loader.load_once(tmp_path)
        return real(name, batch)

    monkeypatch.setattr(loader, "_advance", advance)
    assert loader.load_once(tmp_path).loaded == 0
    assert len(loaded_ids()) == 3


def test_a_file_that_vanished_is_no_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(loader, "_journal_files", lambda _: [tmp_path / "gone.jsonl"])
    assert loader.load_once(tmp_path) == loader.LoadResult()


LOADER = """
    import os, signal, sys
    from pathlib import Path
    import django
    django.setup()
    from metrics import batches, loader

    steps = int(sys.argv[2])

    def trace(frame, event, _argument):
        global steps
        if frame.f_code.co_filename != loader.__file__:
            return None
        if event == "line":
            steps -= 1
            if steps <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    batches.BATCH_LINES = 3
    sys.settrace(trace)
    loader.load_once(Path(sys.argv[1]))
"""


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_step_each_decision_is_loaded_once(tmp_path):
    database = tmp_path / "db.sqlite3"
    environment = {
        **os.environ,  # noqa: TID251  handed on to our own process
        "DATABASE_URL": f"sqlite:///{database}",
    }
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    run(["-m", "django", "migrate", "-v0"], environment)
    directory = tmp_path / "journal"
    journal_of(directory, range(20)).close()
    journal_of(directory, range(15, 30)).close()
    script = textwrap.dedent(LOADER)
    rng = random.Random(4)  # noqa: S311  test data
    kills = 0
    for _ in range(9):
        steps = str(rng.randint(1, 260))
        code = run(["-c", script, str(directory), steps], environment)
        kills += code == -signal.SIGKILL
    assert kills >= 2
    assert run(["-c", script, str(directory), "1000000"], environment) == 0
    assert files(directory) == []
    count = "from metrics.models import RoutingDecision as R; print(R.objects.count())"
    assert (
        output(["-c", f"import django; django.setup(); {count}"], environment) == "30"
    )


def run(arguments, environment):
    return subprocess.run(  # noqa: S603  our own interpreter and script
        [sys.executable, *arguments], env=environment, check=False
    ).returncode


def output(arguments, environment):
    return subprocess.run(  # noqa: S603  our own interpreter and script
        [sys.executable, *arguments],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
