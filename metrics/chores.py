"""What the keeper does beside loading. Apps above `metrics` add theirs at the start."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to do every `every_s`; `trouble` says what a failure means."""

    work: Callable[[], object]
    every_s: float
    trouble: str


chores: list[Chore] = []


class Round:
    """Does chores when they are due. A database that is away ends none of them."""

    def __init__(
        self, todo: Iterable[Chore], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._due_at = dict.fromkeys(todo, float("-inf"))

    def work(self) -> None:
        """Do what is due."""
        for chore, due_at in self._due_at.items():
            if self._clock() < due_at:
                continue
            self._due_at[chore] = self._clock() + chore.every_s
            try:
                chore.work()
            except (DatabaseError, InterfaceError) as problem:
                logger.warning("%s: %s", chore.trouble, problem)
