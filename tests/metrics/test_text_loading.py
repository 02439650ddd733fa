import logging
import threading

import msgspec
import pytest
from django.db import DataError, OperationalError, connection

from metrics import bulk, keeper, lines, loader, text_loading
from metrics.journal import Journal
from metrics.loader import REJECTED_NAME, LoadResult
from metrics.models import RoutingDecision
from metrics.text_models import KeptText
from metrics.types import Passage
from tests.metrics.builders import make_id, make_record, make_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def load_lines(tmp_path):
    def load(*written):
        writer = Journal(tmp_path)
        for line in written:
            writer.append(line)
        writer.close()
        return loader.load_once(tmp_path)

    return load


def test_text_is_loaded_beside_its_decision(load_lines):
    result = load_lines(lines.encode(make_record()), lines.encode_text(make_text()))
    assert result == LoadResult(loaded=1)
    kept = KeptText.objects.get()
    assert (kept.decision_id, kept.rule) == (make_id(1), "default")
    assert (kept.draft, kept.verifier) == ("It is five.", "It is four.")
    assert kept.prompt == '[["user","What is 2 + 2?"]]'


def test_a_kill_between_the_two_lines_loses_no_decision(tmp_path, load_lines):
    torn = lines.encode_text(make_text(draft="planted secret"))[:-20]
    result = load_lines(lines.encode(make_record()), torn)
    assert (result.loaded, result.rejected, result.texts_lost) == (1, 0, 1)
    assert RoutingDecision.objects.count() == 1
    assert not KeptText.objects.exists()
    assert not (tmp_path / REJECTED_NAME).exists()


def test_a_text_is_never_loaded_twice(load_lines):
    load_lines(lines.encode_text(make_text()))
    assert load_lines(lines.encode_text(make_text(draft="another"))) == LoadResult()
    assert KeptText.objects.get().draft == "It is five."


def test_no_answer_and_an_empty_one_are_two_things(load_lines):
    load_lines(lines.encode_text(make_text(draft="", verifier=None)))
    kept = KeptText.objects.get()
    assert (kept.draft, kept.verifier) == ("", None)


def test_any_character_is_kept(load_lines):
    strange = "\u202e\U0001f600\x01 é\n\t"
    text = make_text(draft=strange, prompt=(Passage(by="user", text=strange),))
    load_lines(lines.encode_text(text))
    kept = KeptText.objects.get()
    assert kept.draft == strange


def test_what_postgresql_refuses_is_replaced(load_lines):
    nul = make_text(draft="a\x00b", prompt=(Passage(by="user", text="\x00"),))
    assert load_lines(lines.encode_text(nul)).texts_lost == 0
    assert KeptText.objects.get().draft == "a\ufffdb"


def test_text_the_database_will_not_take_blocks_nothing(
    load_lines, monkeypatch, tmp_path, caplog
):
    insert = bulk.insert

    def picky(table, names, rows, *, conflict):
        if any("poison" in str(row) for row in rows):
            raise DataError("invalid: poison")
        return insert(table, names, rows, conflict=conflict)

    monkeypatch.setattr(bulk, "insert", picky)
    with caplog.at_level(logging.DEBUG):
        result = load_lines(
            lines.encode(make_record()),
            lines.encode_text(make_text(draft="poison")),
            *(
                lines.encode_text(make_text(decision_id=make_id(n)))
                for n in range(2, 7)
            ),
        )
    assert result == LoadResult(loaded=1, texts_lost=1)
    assert KeptText.objects.count() == 5
    assert "poison" not in caplog.text
    assert not (tmp_path / REJECTED_NAME).exists()


def test_a_connection_in_trouble_is_no_fault_of_the_text(monkeypatch):
    def broken(*_args, **_options):
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "insert", broken)
        patch.setattr(connection, "savepoint_rollback", broken)
        with pytest.raises(OperationalError):
            text_loading.insert([make_text()])
    connection.set_rollback(False)


def test_a_loader_that_knows_no_text_refuses_the_line():
    with pytest.raises(msgspec.ValidationError):
        lines.decode(lines.encode_text(make_text()))


def test_the_keeper_says_that_text_is_gone_and_nothing_of_it(caplog):
    with caplog.at_level(logging.ERROR):
        keeper.Reporter().report(LoadResult(texts_lost=2))
    assert "text of 2 decisions could not be loaded" in caplog.text


def test_the_keeper_deletes_old_text(tmp_path, settings, monkeypatch):
    monkeypatch.setattr(connection, "close", lambda: None)
    settings.CASCADE_TEXT_RETENTION_DAYS = 14
    KeptText.objects.create(
        decision_id=make_id(1), rule="r", kept_at="2020-01-01T00:00Z", prompt="[]"
    )
    stop = threading.Event()
    monkeypatch.setattr(keeper, "_prune", stop.set)
    keeper.run(tmp_path, poll_s=0.001, stop=stop)
    assert not KeptText.objects.exists()
