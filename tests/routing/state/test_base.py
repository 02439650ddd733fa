from __future__ import annotations

import logging

import pytest
from prometheus_client import REGISTRY

from routing.state.base import LOG_EVERY_S, PAUSE_S, CalmStore, StoreError
from tests.routing.clock import Clock

ANSWERS = {
    "get": {"one": b"1"},
    "put": None,
    "count": 1,
    "claim": True,
    "delete": None,
    "items": {"one": b"1"},
    "close": None,
}


class AwayStore:
    """A store that is away until a test says that it is back."""

    def __init__(self) -> None:
        self.back = False
        self.asked: list[str] = []

    def __getattr__(self, name):
        def ask(*arguments, **options):
            self.asked.append(name)
            if not self.back:
                raise StoreError("it is away")
            return ANSWERS[name]

        return ask


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def backend():
    return AwayStore()


@pytest.fixture
def store(backend, clock):
    return CalmStore(backend, clock=clock)


@pytest.mark.parametrize(
    ("ask", "name", "nothing"),
    [
        (lambda store: store.get(["one"]), "get", {}),
        (lambda store: store.put({"one": b"1"}, ttl_s=1), "put", None),
        (lambda store: store.count("one", ttl_s=1), "count", 0),
        (lambda store: store.claim("one", ttl_s=1), "claim", False),
        (lambda store: store.delete("one"), "delete", None),
        (lambda store: store.items("o"), "items", {}),
    ],
)
def test_what_is_away_answers_nothing_until_it_is_back(
    store, backend, clock, ask, name, nothing
):
    assert ask(store) == nothing
    backend.back = True
    assert ask(store) == nothing
    clock.now += PAUSE_S
    assert ask(store) == ANSWERS[name]
    assert backend.asked == [name, name]


def test_what_is_away_is_asked_once_a_second(store, backend, clock):
    for _ in range(100):
        store.get(["one"])
    assert len(backend.asked) == 1
    clock.now += PAUSE_S
    store.get(["one"])
    assert len(backend.asked) == 2


def test_failures_are_counted_and_logged_once_a_minute(store, clock, caplog):
    before = REGISTRY.get_sample_value("cascadeproxy_state_errors_total")
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            store.get(["one"])
            clock.now += LOG_EVERY_S / 10
        assert len(caplog.records) == 1
        store.get(["one"])
    assert len(caplog.records) == 2
    assert "it is away" in caplog.text
    assert REGISTRY.get_sample_value("cascadeproxy_state_errors_total") - before == 11


def test_closing_is_passed_on(store, backend):
    backend.back = True
    store.close()
    assert backend.asked == ["close"]
