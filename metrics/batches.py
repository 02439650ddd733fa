"""Lines of a journal file -> the rows they become, some thousands at a time."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import IO, Any

import msgspec

from metrics import lines, rows
from metrics.types import DecisionRecord, LabelRecord, TextRecord

BATCH_LINES = 5_000


@dataclass(frozen=True, slots=True)
class New:
    """A decision, and the row it becomes: inserted and added to the sums."""

    record: DecisionRecord
    values: list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some lines of a file: those that say something, and those that do not.

    Text that cannot be read is counted alone: nobody may find it in a file for people.
    """

    new: list[New]
    texts: list[TextRecord]
    labels: list[LabelRecord]
    bad: list[bytes]
    bad_texts: int
    start: int
    end: int
    full: bool


def read(file: IO[bytes], start: int, *, whole: bool) -> Generator[Batch, None, None]:
    """Yield what follows `start`, the next batch being read while one is stored.

    The time a database takes to store one is enough to read the next.
    """
    batch = _next_batch(file, start, whole=whole)
    with ThreadPoolExecutor(1, thread_name_prefix="journal") as reader:
        while batch is not None and batch.full:
            read_on = partial(_next_batch, file, batch.end, whole=whole)
            following = reader.submit(read_on)
            yield batch
            batch = following.result()
        if batch is not None:
            yield batch


def _next_batch(file: IO[bytes], start: int, *, whole: bool) -> Batch | None:
    """The lines after `start`, None when there are none. Asks no database.

    A line without its end is still being written, unless the file is `whole`.
    """
    file.seek(start)
    read = list(islice(file, BATCH_LINES))
    if read and not whole and not read[-1].endswith(b"\n"):
        read.pop()
    return _parse(read, start) if read else None


def _parse(read: Sequence[bytes], start: int) -> Batch:
    new: list[New] = []
    texts: list[TextRecord] = []
    labels: list[LabelRecord] = []
    bad: list[bytes] = []
    bad_texts = 0
    for line in filter(bytes.strip, read):
        holds_text = lines.holds_text(line)
        try:
            if holds_text:
                texts.append(lines.decode_text(line))
            elif lines.holds_label(line):
                labels.append(lines.decode_label(line))
            else:
                record = lines.decode(line)
                new.append(New(record, rows.values_of(record)))
        except msgspec.MsgspecError:
            bad_texts += holds_text
            bad += [] if holds_text else [line]
    return Batch(
        new=new,
        texts=texts,
        labels=labels,
        bad=bad,
        bad_texts=bad_texts,
        start=start,
        end=start + sum(map(len, read)),
        full=len(read) == BATCH_LINES,
    )
