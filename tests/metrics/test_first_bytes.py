"""How long clients waited for the first byte, with a draft and without."""

from __future__ import annotations

import pytest

from metrics import lines, loader
from metrics.first_bytes import first_bytes
from metrics.journal import Journal
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db


def load(directory, *changes):
    writer = Journal(directory)
    for number, values in enumerate(changes, 1):
        writer.append(lines.encode(make_record(decision_id=make_id(number), **values)))
    writer.close()
    assert loader.load_once(directory).problem == ""


def test_each_kind_of_answer_has_its_median(tmp_path):
    load(
        tmp_path,
        {"first_byte_ms": 100},
        {"first_byte_ms": 300},
        {"first_byte_ms": None},
        {"outcome": "escalated", "first_byte_ms": 900},
        {"outcome": "pass_through", "first_byte_ms": 50},
        {"first_byte_ms": 7, "simulated": True},
        {"first_byte_ms": 7, "rule": "other"},
    )
    found = first_bytes("default", simulated=False)
    assert (found.accepted.answers, found.accepted.median_ms) == (2, 200)
    assert found.escalated.median_ms == 900
    assert found.without.median_ms == 50


def test_without_answers_there_is_no_median():
    found = first_bytes("default", simulated=False)
    assert (found.accepted.answers, found.accepted.median_ms) == (0, None)
