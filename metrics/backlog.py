"""How much of the journal is still to be loaded. Reads sizes, not lines."""

from __future__ import annotations

from pathlib import Path

from django.db import DatabaseError, InterfaceError

from metrics.journal import SUFFIX
from metrics.loader import REJECTED_NAME
from metrics.models import JournalFile


def waiting_bytes(directory: Path) -> int | None:
    """Return how many bytes of decisions are not in the database yet. One query.

    None when the directory or the database cannot be asked. A few hundred bytes for a
    second are no backlog: the keeper comes by.
    """
    try:
        # First what was loaded: what is written or loaded meanwhile only looks waiting.
        loaded = dict(JournalFile.objects.values_list("name", "loaded_bytes"))
        sizes = {path.name: _size(path) for path in directory.glob("*" + SUFFIX)}
    except (DatabaseError, InterfaceError, OSError):
        return None
    sizes.pop(REJECTED_NAME, None)
    return sum(max(0, size - loaded.get(name, 0)) for name, size in sizes.items())


def _size(path: Path) -> int:
    """The keeper may have taken the file away by now: then it is loaded."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
