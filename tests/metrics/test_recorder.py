import logging

import pytest

from metrics import instruments, lines, recorder
from metrics.journal import Journal
from metrics.recorder import Recorder
from tests.metrics.builders import make_record


class BrokenJournal:
    def append(self, _line):
        raise OSError(28, "No space left on device")

    def check(self):
        raise OSError(28, "No space left on device")


def lost():
    return instruments.DECISIONS_LOST._value.get()


def written(directory):
    return [p.read_bytes() for p in directory.glob("*.jsonl")]


def test_a_decision_is_a_line_of_the_journal(tmp_path):
    assert Recorder(Journal(tmp_path)).record(make_record())
    assert written(tmp_path) == [lines.encode(make_record()) + b"\n"]


def test_a_lost_decision_is_counted_and_never_raised(caplog):
    before = lost()
    broken = Recorder(BrokenJournal())
    with caplog.at_level(logging.ERROR):
        assert [broken.record(make_record()) for _ in range(50)] == [False] * 50
    assert lost() - before == 50
    assert len(caplog.records) == 1


def test_what_cannot_be_written_at_all_is_lost_quietly(tmp_path):
    assert not Recorder(Journal(tmp_path)).record(object())


def test_the_log_is_told_again_after_a_while(caplog, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(recorder.time, "monotonic", lambda: now[0])
    broken = Recorder(BrokenJournal())
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            broken.record(make_record())
        now[0] += recorder.LOG_EVERY_S
        broken.record(make_record())
    told = [entry.getMessage() for entry in caplog.records]
    assert told[0].startswith("Decisions lost: 1.")
    assert told[1].startswith("Decisions lost: 3.")


def test_ready_asks_whether_it_could_write(tmp_path):
    assert Recorder(Journal(tmp_path)).writable()
    assert not Recorder(BrokenJournal()).writable()


@pytest.fixture
def journal_dir(tmp_path, settings):
    settings.CASCADE_JOURNAL_DIR = tmp_path / "journal"
    return settings.CASCADE_JOURNAL_DIR


def test_the_directory_of_the_settings_is_used(journal_dir):
    assert recorder.writable()
    assert recorder.record(make_record())
    assert len(written(journal_dir)) == 1
