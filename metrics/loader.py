"""Moves decisions from journal files into the database, each exactly once.

The rows of a batch and how far the file has been read are one transaction, and a
decision that is there already is passed over: so it may be killed anywhere, and two may
run at once. A file goes when its owner is dead and all of it is loaded.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    connection,
    transaction,
)
from django.db.models import F

from metrics import batches, bulk, label_loading, lines, rollups, rows, text_loading
from metrics.journal import SUFFIX, try_lock
from metrics.models import JournalFile, RoutingDecision
from metrics.rollup_models import RollupState

logger = logging.getLogger(__name__)
REJECTED_NAME = "rejected.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What one pass did. `problem` is "" unless something is still to be loaded.

    The numbers are of decisions, but for `texts_lost`, kept texts that were refused,
    and `labels_lost`, labels of decisions that are not there.
    """

    loaded: int = 0
    duplicates: int = 0
    rejected: int = 0
    texts_lost: int = 0
    labels_lost: int = 0
    problem: str = ""

    def __add__(self, other: LoadResult) -> LoadResult:
        """Return both together; the later problem stands."""
        return LoadResult(
            loaded=self.loaded + other.loaded,
            duplicates=self.duplicates + other.duplicates,
            rejected=self.rejected + other.rejected,
            texts_lost=self.texts_lost + other.texts_lost,
            labels_lost=self.labels_lost + other.labels_lost,
            problem=other.problem or self.problem,
        )


@bulk.without_collecting()
def load_once(directory: Path) -> LoadResult:
    """Load what the files in `directory` hold now and say what was done.

    A locked, absent or unmigrated database, or a directory that cannot be listed, ends
    the pass with a `problem`. A file that cannot be read is a problem too, but those
    after it are loaded. Nothing is lost, the next pass goes on from there.
    """
    result = LoadResult()
    try:
        for path in _journal_files(directory):
            for part in _load_what_can_be_read(path):
                result += part
    except (DatabaseError, InterfaceError, OSError) as problem:
        connection.close()
        result += LoadResult(problem=f"{type(problem).__name__}: {problem}".strip())
    return result


def _journal_files(directory: Path) -> list[Path]:
    """The files, the oldest name first; none when there is no directory yet."""
    return sorted(p for p in directory.glob("*" + SUFFIX) if p.name != REJECTED_NAME)


def _load_what_can_be_read(path: Path) -> Iterator[LoadResult]:
    """Load a file as far as the disk and its owner let us, and say what they did not.

    A file left by root must not hold up those of everybody else.
    """
    try:
        yield from _load_file(path)
    except OSError as problem:
        said = f"{type(problem).__name__}: {problem.strerror or problem}"
        yield LoadResult(problem=f"{path.name}: {said}")


def _load_file(path: Path) -> Iterator[LoadResult]:
    """Load the rest of a file batch by batch; take it away when it is done with."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        # Before reading: an owner that dies later may have written more by then.
        owner_is_dead = try_lock(file.fileno())
        start = _loaded_bytes(path.name)
        with closing(batches.read(file, start, whole=owner_is_dead)) as read:
            for batch in read:
                result = _store(batch, path)
                if result is None:
                    return
                yield result
        if owner_is_dead:
            _forget(path)


def _loaded_bytes(name: str) -> int:
    """How far a file has been loaded."""
    known = JournalFile.objects.filter(name=name).values_list("loaded_bytes").first()
    return known[0] if known else 0


def _store(batch: batches.Batch, path: Path) -> LoadResult | None:
    """Write a batch in one transaction; None when another loader was faster."""
    with transaction.atomic():
        if not _advance(path.name, batch):
            return None
        # Ids of decisions must be committed in their order: see metrics.rollups.
        state = RollupState.locked()
        caught_up = rollups.is_caught_up(state)
        loaded, refused = _insert(batch.new)
        if caught_up and loaded == len(batch.new):
            rollups.add_inserted(state, [new.values for new in batch.new])
        bad = batch.bad + [lines.encode(new.record) for new in refused]
        if bad:
            _reject(path, bad)
        texts_lost = batch.bad_texts + text_loading.insert(batch.texts)
        labels_lost = label_loading.insert(batch.labels)
    return LoadResult(
        loaded=loaded,
        duplicates=len(batch.new) - len(refused) - loaded,
        rejected=len(bad),
        texts_lost=texts_lost,
        labels_lost=labels_lost,
    )


def _advance(name: str, batch: batches.Batch) -> bool:
    """Move on from where this batch began; False when somebody else has."""
    JournalFile.objects.get_or_create(name=name)
    here = JournalFile.objects.filter(name=name, loaded_bytes=batch.start)
    return here.update(loaded_bytes=batch.end) == 1


def _insert(decisions: Sequence[batches.New]) -> tuple[int, list[batches.New]]:
    """Insert what is not there yet: how many, and those the database will not take."""
    if not decisions:
        return 0, []
    try:
        return _insert_many(decisions), []
    except (DataError, IntegrityError, OverflowError):
        if len(decisions) == 1:
            return 0, list(decisions)
    middle = len(decisions) // 2
    first, refused_first = _insert(decisions[:middle])
    second, refused_second = _insert(decisions[middle:])
    return first + second, refused_first + refused_second


def _insert_many(decisions: Sequence[batches.New]) -> int:
    """Insert all or none; how many were new comes back."""
    values = rows.parameters((new.values for new in decisions), connection)
    with transaction.atomic():
        return bulk.insert(
            RoutingDecision,
            rows.COLUMNS,
            values,
            conflict=bulk.passing_over("decision_id"),
        )


def _reject(path: Path, bad: Sequence[bytes]) -> None:
    """Keep what cannot be loaded, for people, beside the journal.

    A disk too full for that must not hold up the lines that can be loaded.
    """
    JournalFile.objects.filter(name=path.name).update(
        rejected_lines=F("rejected_lines") + len(bad)
    )
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        fd = os.open(path.with_name(REJECTED_NAME), flags, 0o600)
        with os.fdopen(fd, "ab") as rejected:
            rejected.writelines(line.rstrip(b"\n") + b"\n" for line in bad)
    except OSError:
        logger.exception("Refused lines of %s could not be kept.", path.name)


def _forget(path: Path) -> None:
    """Take away a file that is loaded to its end.

    Killed between the two steps, the next pass reads the file once more and finds
    that every decision is there.
    """
    JournalFile.objects.filter(name=path.name).delete()
    path.unlink(missing_ok=True)
