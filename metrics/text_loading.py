"""Kept text -> the database, in the transaction of the decisions around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import DatabaseError, connection, transaction

from metrics import bulk
from metrics.text_models import KeptText
from metrics.types import TextRecord

COLUMNS = ("decision_id", "rule", "kept_at", "prompt", "draft", "verifier")
RULE_LENGTH = 64


def insert(records: Sequence[TextRecord]) -> int:
    """Insert what is not there yet; how many the database would not take comes back.

    Those are let go: kept elsewhere, they would outlive their retention. Raises
    DatabaseError only when the connection itself is in trouble.
    """
    if not records:
        return 0
    try:
        with transaction.atomic():
            _insert_all(records)
    except (DatabaseError, OverflowError, ValueError):
        if connection.needs_rollback:
            raise
        if len(records) == 1:
            return 1
    else:
        return 0
    middle = len(records) // 2
    return insert(records[:middle]) + insert(records[middle:])


def _insert_all(records: Sequence[TextRecord]) -> None:
    values = [_row(record) for record in records]
    bulk.insert(KeptText, COLUMNS, values, conflict=bulk.passing_over("decision_id"))


def _row(record: TextRecord) -> list[Any]:
    prompt = [[passage.by, passage.text] for passage in record.prompt]
    return [
        record.decision_id,
        record.rule[:RULE_LENGTH],
        connection.ops.adapt_datetimefield_value(record.kept_at),
        msgspec.json.encode(prompt).decode(),
        _storable(record.draft),
        _storable(record.verifier),
    ]


def _storable(text: str | None) -> str | None:
    """PostgreSQL takes any character but one."""
    return None if text is None else text.replace("\x00", "\ufffd")
