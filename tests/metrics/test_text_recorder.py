import logging
import os

import pytest

from metrics import instruments, lines, text_recorder
from metrics.text_recorder import TextRecorder
from tests.metrics.builders import make_text


@pytest.fixture
def waiting():
    return []


@pytest.fixture
def recorder(tmp_path, waiting):
    return TextRecorder(tmp_path, later=lambda _wait_s, act: waiting.append(act))


def lost():
    return instruments.TEXTS_LOST._value.get()


def test_a_text_is_a_line_of_a_journal_file(recorder, tmp_path):
    assert recorder.keep(make_text())
    (file,) = tmp_path.glob("*.jsonl")
    assert file.read_bytes() == lines.encode_text(make_text()) + b"\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_its_file_is_given_up_soon_so_that_no_text_lies_there(
    recorder, tmp_path, waiting
):
    recorder.keep(make_text())
    recorder.keep(make_text())
    assert len(list(tmp_path.glob("*.jsonl"))) == len(waiting) == 1
    waiting.pop()()
    recorder.keep(make_text())
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    assert len(waiting) == 1


def test_the_last_of_a_disk_is_for_decisions(recorder, tmp_path, monkeypatch):
    before = lost()
    monkeypatch.setattr(text_recorder, "ROOM_BYTES", 2**70)
    assert not recorder.keep(make_text())
    assert lost() == before + 1
    assert [p for p in tmp_path.glob("*.jsonl") if p.stat().st_size] == []


def test_trouble_is_counted_and_named_without_a_word_of_the_text(
    recorder, caplog, monkeypatch
):
    def fail(_fd, data):
        raise ValueError(f"cannot write {data!r}")

    monkeypatch.setattr(os, "write", fail)
    with caplog.at_level(logging.DEBUG):
        assert not recorder.keep(make_text(draft="planted secret"))
    assert "ValueError" in caplog.text
    assert "planted secret" not in caplog.text
