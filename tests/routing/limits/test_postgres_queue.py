"""Changes that wait for their turn at PostgreSQL, without a server."""

from __future__ import annotations

import threading

import pytest

from routing.limits.postgres import PostgresValues
from routing.state.base import StoreError

PATIENCE_S = 10


class Held(PostgresValues):
    """Values whose server answers nobody until it is let go."""

    def __init__(self):
        super().__init__({})
        self.asked, self.go_on = threading.Event(), threading.Event()

    def _change(self, _key, wishes):
        self.asked.set()
        assert self.go_on.wait(PATIENCE_S)
        for wish in wishes:
            _, wish.result = wish.change(None, 0.0)
            wish.done = True

    def _prune(self):
        pass


def put(values, result):
    return values.update("k", lambda *_: (b"", result), ttl_s=60)


def test_one_that_waited_in_vain_does_not_keep_the_others_waiting_for_ever(
    monkeypatch,
):
    values = Held()
    first = threading.Thread(target=put, args=(values, 1))
    first.start()
    assert values.asked.wait(PATIENCE_S)
    monkeypatch.setattr(values, "_wait_s", 0.01)
    with pytest.raises(StoreError, match="queue"):
        put(values, 2)
    values.go_on.set()
    first.join(PATIENCE_S)
    assert put(values, 3) == 3
