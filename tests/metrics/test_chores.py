"""What the keeper does beside loading, and when."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from metrics.chores import Chore, Round


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_does_each_when_it_is_due():
    clock, done = Clock(), []
    chore = Chore(work=lambda: done.append(clock.now), every_s=60, trouble="")
    rounds = Round([chore], clock=clock)
    for _ in range(100):
        rounds.work()
        clock.now += 10
    assert done == list(range(0, 1000, 60))


@pytest.mark.parametrize("trouble", [DatabaseError("away"), KeyError("a mistake")])
def test_one_that_fails_ends_no_other(trouble):
    done = []

    def fail():
        raise trouble

    rounds = Round(
        [
            Chore(work=fail, every_s=1, trouble="Nothing is sent"),
            Chore(work=lambda: done.append(1), every_s=1, trouble=""),
        ],
        clock=Clock(),
    )
    rounds.work()
    assert done == [1]
