"""A column of JSON that is only ever read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
else:  # which takes no parameters when it runs
    TextField = models.TextField

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class CompactJSONField(TextField):
    """JSON as text, without white space: no query looks inside it.

    PostgreSQL's own type for JSON takes half as much again for lists of numbers.
    """

    def from_db_value(
        self, value: str | None, _expression: Expression, _database: BaseDatabaseWrapper
    ) -> Any:
        """Return what the text says."""
        return None if value is None else _decode(value)

    def get_prep_value(self, value: Any) -> str | None:
        """Return the text for `value`."""
        return None if value is None else _encode(value).decode()
