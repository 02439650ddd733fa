"""Who changed which row of the configuration, when and why; and the way back.

For a model to have a history it derives from `TrackedModel` and says
`history = records()`, naming the fields that must never be copied: secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar

from django.db import models, transaction
from django.utils import timezone
from django.utils.text import Truncator
from simple_history.models import HistoricalRecords

from routing.versioning import ConfigModel, ConfigQuerySet

KINDS = {"+": "created", "~": "changed", "-": "deleted"}
MAX_REASON = 100
MAX_VALUE = 120
NO_USER = "a command"

Row = models.Model
Fields = Sequence[Any]
# Of each foreign key: what the rows it leads to are called.
Names = Mapping[str, Mapping[Any, str]]


def records(*, leave_out: Iterable[str] = ()) -> HistoricalRecords:
    """Return what keeps every version of a model's rows, without `leave_out`."""
    return HistoricalRecords(
        excluded_fields=list(leave_out),
        # A name, so that it is known for longer than the user is there.
        history_user_id_field=models.CharField(max_length=150, null=True),
        history_user_getter=_name_of_user,
        history_user_setter=_set_name_of_user,
    )


def _name_of_user(version: Any) -> str | None:
    name: str | None = version.history_user_id
    return name


def _set_name_of_user(version: Any, user: Any) -> None:
    version.history_user_id = None if user is None else user.get_username()


class TrackedQuerySet(ConfigQuerySet):
    """A query set whose bulk writes, which send no signals, are in the history too."""

    def update(self, **values: Any) -> int:
        """Update rows, and write a version of each that changed."""
        with transaction.atomic():
            keys = list(self.values_list("pk", flat=True))
            rows = self.model._base_manager
            fields = _fields(self.model)
            before = {pk: _state(row, fields) for pk, row in rows.in_bulk(keys).items()}
            count = super().update(**values)
            changed = [
                row
                for pk, row in rows.in_bulk(keys).items()
                if _state(row, fields) != before[pk]
            ]
            _history(self.model).bulk_history_create(changed, update=True)
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, *args: Any, **options: Any) -> list[Any]:
        """Create rows, each with its first version."""
        with transaction.atomic():
            rows = super().bulk_create(*args, **options)
            _history(self.model).bulk_history_create(rows)
        return rows

    bulk_create.alters_data = True  # type: ignore[attr-defined]


class TrackedModel(ConfigModel):
    """Base of configuration whose every version is kept."""

    objects: ClassVar[Any] = TrackedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Write the row, its version and the number of the configuration, or none."""
        with transaction.atomic(savepoint=False):
            super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the row and write so, or neither; its history stays."""
        with transaction.atomic(savepoint=False):
            return super().delete(*args, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one field was and became, in words."""

    field: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.field} {self.before or 'empty'} -> {self.after or 'empty'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a row: who wrote it, when, why, and what it changed.

    `changes` is against the version before; empty for the first, and for one that only
    saved again what was there. `previous` is the id of the one before, if any.
    """

    id: int
    previous: int | None
    at: datetime
    who: str
    reason: str
    kind: str
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        words = ", ".join(map(str, self.changes)) or self.kind
        return f"{words} by {self.who}"


def because(row: Row, reason: str, user: Any = None) -> None:
    """Say why the next write of `row` happens, and who does it when no request tells.

    A reason that is too long is cut.
    """
    row._change_reason = reason[:MAX_REASON]  # type: ignore[attr-defined]
    if user is not None:
        row._history_user = user  # type: ignore[attr-defined]


def versions(model: type[Row], pk: Any, *, at_most: int = 200) -> list[Version]:
    """Return the newest versions of a row, also of one that is gone, newest first.

    One query, and one for each foreign key.
    """
    found = list(_stored(model, pk)[: at_most + 1])
    fields = _fields(model)
    names = _names_of_related(fields, found)
    listed = [_version(fields, new, old, names) for new, old in pairwise(found)]
    if 0 < len(found) <= at_most:
        listed.append(_version(fields, found[-1], None, names))
    return listed


def last_key_of(model: type[Row], **wanted: Any) -> Any:
    """Return the key of the last row, there or gone, that was so; None without any."""
    stored = _history(model).filter(**wanted).order_by("-history_id")
    return stored.values_list(model._meta.pk.attname, flat=True).first()


def latest_id(model: type[Row], pk: Any) -> int | None:
    """Return the id of the newest version of a row; None without any."""
    found: int | None = _stored(model, pk).values_list("history_id", flat=True).first()
    return found


def revert(model: type[Row], pk: Any, version: int, user: Any) -> Version:
    """Make a row what it was in `version`: that is a new version, which comes back.

    What no history keeps stays as it is. Raises the model's DoesNotExist when there is
    no such row or version, ValidationError when what it was is not allowed any more.
    """
    with transaction.atomic():
        row = model._default_manager.select_for_update().get(pk=pk)
        old = _stored(model, pk).filter(history_id=version).first()
        if old is None:
            raise model.DoesNotExist  # type: ignore[attr-defined]
        for field in _fields(model):
            setattr(row, field.attname, getattr(old, field.attname))
        row.clean_fields()  # first: `clean` may follow keys of rows that are gone
        row.full_clean()
        at = timezone.localtime(old.history_date)
        because(row, f"back to the version of {at:%Y-%m-%d %H:%M:%S}", user)
        row.save()
        return versions(model, pk, at_most=1)[0]


def number(value: float) -> str:
    """Return a number with two decimals, or with all it has when it has more."""
    return f"{value:.2f}" if round(value, 2) == value else repr(value)


def _stored(model: type[Row], pk: Any) -> Any:
    stored = _history(model).filter(**{model._meta.pk.attname: pk})
    return stored.order_by("-history_id")


def _history(model: type[Row]) -> Any:
    return model.history  # type: ignore[attr-defined]


def _fields(model: type[Row]) -> list[Any]:
    """The fields a history keeps, but for the key."""
    fields = _history(model).model.tracked_fields
    return [field for field in fields if not field.primary_key]


def _state(row: Row, fields: Fields) -> list[Any]:
    return [getattr(row, field.attname) for field in fields]


def _version(fields: Fields, new: Any, old: Any, names: Names) -> Version:
    changes = () if old is None else _changes(fields, new, old, names)
    return Version(
        id=new.history_id,
        previous=old.history_id if old is not None else None,
        at=new.history_date,
        who=str(new.history_user or NO_USER),
        reason=new.history_change_reason or "",
        kind=KINDS[new.history_type],
        changes=changes,
    )


def _changes(fields: Fields, new: Any, old: Any, names: Names) -> tuple[Change, ...]:
    return tuple(
        Change(
            field=str(field.verbose_name),
            before=_words(field, getattr(old, field.attname), names),
            after=_words(field, getattr(new, field.attname), names),
        )
        for field in fields
        if getattr(new, field.attname) != getattr(old, field.attname)
    )


def _words(field: Any, value: Any, names: Names) -> str:
    if value is None:
        return ""
    if field.is_relation:
        return names[field.name].get(value, f"{value} (deleted)")
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return number(value)
    return Truncator(" ".join(str(value).split())).chars(MAX_VALUE)


def _names_of_related(fields: Fields, stored: Iterable[Any]) -> Names:
    names = {}
    for field in fields:
        if field.is_relation:
            keys = {getattr(row, field.attname) for row in stored} - {None}
            rows = field.related_model._base_manager.in_bulk(keys) if keys else {}
            names[field.name] = {pk: str(row) for pk, row in rows.items()}
    return names
