"""Many rows in few statements; what to do with those that are there already is said."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from django.db import connection, models

Rows = Sequence[Sequence[Any]]
NAMED_AT_ONCE = 500


@contextmanager
def without_collecting() -> Iterator[None]:
    """Keep Python from looking for cycles in here: a decorator too.

    Thousands of rows are made and gone again without any, and each look at them, and
    at all else there is, costs a fifth of what making them does.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def insert(
    table: type[models.Model], names: Sequence[str], rows: Rows, *, conflict: str
) -> int:
    """Insert `rows`, whose columns are `names`; how many were written comes back.

    `conflict` is the text after ON CONFLICT. It and the names are of our own making: no
    value is ever part of a statement.
    """
    if not rows:
        return 0
    quote = connection.ops.quote_name
    into = f"{quote(table._meta.db_table)} ({', '.join(map(quote, names))})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Its driver is slow at many parameters, so all rows are one.
            source = f"SELECT * FROM {_made(table, names)}"  # noqa: S608  names, types
            cursor.execute(_statement(into, source, conflict), [_as_json(names, rows)])
        else:
            source = f"VALUES ({', '.join(['%s'] * len(names))})"
            cursor.executemany(_statement(into, source, conflict), rows)
        return int(cursor.rowcount)


def in_chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield `ids` in order, as many at once as one query may name."""
    for start in range(0, len(ids), NAMED_AT_ONCE):
        yield ids[start : start + NAMED_AT_ONCE]


def passing_over(column: str) -> str:
    """Return the `conflict` that leaves alone what is there with the same `column`."""
    return f"({connection.ops.quote_name(column)}) DO NOTHING"


def _statement(into: str, source: str, conflict: str) -> str:
    return f"INSERT INTO {into} {source} ON CONFLICT {conflict}"


def _made(table: type[models.Model], names: Sequence[str]) -> str:
    """A list of objects as rows, its columns of the types that they have in `table`."""
    fields = {field.name: field for field in table._meta.concrete_fields}
    quote = connection.ops.quote_name
    columns = [f"{quote(name)} {fields[name].db_type(connection)}" for name in names]
    return f"json_to_recordset(%s::json) AS made({', '.join(columns)})"


def _as_json(names: Sequence[str], rows: Rows) -> str:
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    return msgspec.json.encode(objects).decode()
