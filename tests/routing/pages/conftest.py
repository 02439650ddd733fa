"""Decisions of a rule, put into the database the way real ones get there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from metrics import lines, loader, rollups
from metrics.journal import Journal
from tests.metrics.builders import make_id, make_record


@pytest.fixture
def decide(tmp_path):
    """Record decisions of today, one for each mapping of what is not usual in it."""
    numbers = iter(range(1, 10_000))

    def record(*changes):
        directory = tmp_path / "journal-of-the-test"
        writer = Journal(directory)
        for change in changes:
            values = {
                "decision_id": make_id(next(numbers)),
                "started_at": timezone.now() - timedelta(seconds=1),
                "rule": "first",
            }
            writer.append(lines.encode(make_record(**values | change)))
        writer.close()
        assert loader.load_once(directory).problem == ""
        rollups.fold()

    return record
