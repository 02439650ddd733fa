import os

import pytest
from django.db import OperationalError

from metrics import backlog, lines, loader
from metrics.journal import Journal
from metrics.models import JournalFile
from tests.metrics.builders import make_id, make_record

LINE_BYTES = len(lines.encode(make_record())) + 1
pytestmark = pytest.mark.django_db


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def test_what_is_loaded_waits_no_longer(journal, tmp_path):
    for number in (1, 2):
        journal.append(lines.encode(make_record(decision_id=make_id(number))))
    assert backlog.waiting_bytes(tmp_path) == 2 * LINE_BYTES
    loader.load_once(tmp_path)
    assert backlog.waiting_bytes(tmp_path) == 0
    journal.append(lines.encode(make_record(decision_id=make_id(3))))
    assert backlog.waiting_bytes(tmp_path) == LINE_BYTES


def test_all_files_count_and_refused_lines_do_not(tmp_path):
    for name in ("a.jsonl", "b.jsonl", loader.REJECTED_NAME, "keeper.lock"):
        (tmp_path / name).write_bytes(b"12345")
    assert backlog.waiting_bytes(tmp_path) == 10


def test_no_journal_yet_is_no_backlog(tmp_path, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert backlog.waiting_bytes(tmp_path / "nowhere") == 0


def test_a_file_that_goes_meanwhile_is_loaded(tmp_path):
    os.symlink(tmp_path / "gone", tmp_path / "a.jsonl")
    assert backlog.waiting_bytes(tmp_path) == 0


def test_nobody_knows_without_the_database(tmp_path, monkeypatch):
    def fail(*_fields):
        raise OperationalError("away")

    monkeypatch.setattr(JournalFile.objects, "values_list", fail)
    assert backlog.waiting_bytes(tmp_path) is None
