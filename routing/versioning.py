"""The version row that tells workers of edits, and the base of what moves it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F


class ConfigVersion(models.Model):
    """One row whose number moves with every write to the configuration."""

    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def bump(cls) -> None:
        """Tell all workers that the configuration changed."""
        if not cls.objects.filter(pk=1).update(number=F("number") + 1):
            cls.objects.get_or_create(pk=1, defaults={"number": 1})

    @classmethod
    def current(cls) -> int:
        """The number now; 0 before the first write. One query."""
        return cls.objects.filter(pk=1).values_list("number", flat=True).first() or 0


class ConfigQuerySet(models.QuerySet[Any]):
    """A query set whose bulk writes, which send no signals, move the version too."""

    def update(self, **values: Any) -> int:
        """Update rows and move the version; the number of rows comes back."""
        rows = super().update(**values)
        ConfigVersion.bump()
        return rows

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, *args: Any, **options: Any) -> list[Any]:
        """Create rows and move the version; the rows come back."""
        rows = super().bulk_create(*args, **options)
        ConfigVersion.bump()
        return rows

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows and move the version; counts come back, as Django gives them."""
        deleted = super().delete()
        ConfigVersion.bump()
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]
    # Not on the manager, as in Django: a whole table is emptied with `all().delete()`.
    delete.queryset_only = True  # type: ignore[attr-defined]


class ConfigModel(models.Model):
    """Base of everything the snapshot holds."""

    objects: ClassVar[Any] = ConfigQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Write the row and move the version."""
        super().save(*args, **options)
        ConfigVersion.bump()

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the row and move the version."""
        deleted = super().delete(*args, **options)
        ConfigVersion.bump()
        return deleted
