from __future__ import annotations

from contextlib import closing

import pytest
from prometheus_client import REGISTRY

from routing import breaker
from routing.breaker import (
    FAILURES,
    OPEN_AT_MOST_S,
    OPEN_S,
    UNTRIED_S,
    WITHIN_S,
    Breaker,
    Condition,
)
from routing.state.sqlite import SqliteStore
from routing.types import Call
from tests.builders import DRAFT, make_target
from tests.routing.clock import Clock

TARGET = make_target(DRAFT)
OTHER = make_target("draft-other")
TIMEOUT_S = 60.0


class CountingStore:
    """A store that writes down what it was asked to do."""

    def __init__(self, backend) -> None:
        self.asked: list[str] = []
        self._backend = backend

    def __getattr__(self, name):
        def ask(*arguments, **options):
            self.asked.append(name)
            return getattr(self._backend, name)(*arguments, **options)

        return ask


class Worker:
    """A worker's breaker, told of calls in few words."""

    def __init__(self, backend, clock) -> None:
        self.store = CountingStore(backend)
        self.breaker = Breaker(self.store, clock=clock)

    def standing(self, target=TARGET):
        """What a request that could be drafted comes to: it tries when it may."""
        found = self.store.get(self.breaker.keys(target))
        standing = self.breaker.standing(target, found)
        if standing != "due":
            return standing
        mine = self.breaker.claim_trial(target, timeout_s=TIMEOUT_S)
        return "trial" if mine else "open"

    def fails(self, times=1, *, trial=None, target=TARGET, **call):
        for _ in range(times):
            failed = make_call(target, **{"status": 529, **call})
            self.breaker.note([failed], trial=trial)

    def works(self, *, trial=None, **call):
        self.breaker.note([make_call(TARGET, **call)], trial=trial)

    @property
    def conditions(self):
        return self.breaker.conditions()


def make_call(target=TARGET, *, status=200, failure="", duration_ms=1.0):
    return Call(
        role="draft",
        target=target,
        status=status,
        usage=None,
        duration_ms=duration_ms,
        failure=failure,
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def backend(tmp_path, clock):
    with closing(SqliteStore(tmp_path / "state.sqlite3", clock=clock)) as store:
        yield store


@pytest.fixture
def worker(backend, clock):
    return Worker(backend, clock)


@pytest.fixture
def other_worker(backend, clock):
    return Worker(backend, clock)


# --- Opening --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        {"status": None, "failure": "unreachable"},
        {"status": None, "failure": "timeout"},
        {"status": 200, "failure": "interrupted"},
        {"status": 500},
        {"status": 503},
        {"status": 529},
    ],
    ids=str,
)
def test_opens_at_the_fifth_failure(worker, failure):
    worker.fails(FAILURES - 1, **failure)
    assert worker.standing() == "closed"
    worker.fails(**failure)
    assert worker.standing() == "open"


@pytest.mark.parametrize("status", [400, 401, 404, 413, 429])
def test_a_clients_mistake_is_a_sign_of_life(worker, status):
    worker.fails(FAILURES - 1)
    worker.fails(status=status)
    worker.fails(FAILURES - 1)
    assert worker.standing() == "closed"


def test_a_call_nobody_waited_for_says_nothing(worker):
    worker.fails(FAILURES - 1)
    worker.works(status=None)
    worker.fails()
    assert worker.standing() == "open"


def test_failures_far_apart_do_not_open_it(worker, clock):
    worker.fails(FAILURES - 1)
    clock.now += WITHIN_S
    worker.fails(FAILURES - 1)
    assert worker.standing() == "closed"


def test_a_success_between_them_starts_the_count_anew(worker):
    worker.fails(FAILURES - 1)
    worker.works()
    worker.fails(FAILURES - 1)
    assert worker.standing() == "closed"


def test_each_model_of_each_provider_has_its_own(worker):
    worker.fails(FAILURES)
    elsewhere = make_target(DRAFT, provider="elsewhere")
    assert worker.standing(OTHER) == "closed"
    assert worker.standing(elsewhere) == "closed"


def test_a_request_says_one_thing_of_each_model_however_often_it_tried(worker):
    calls = [make_call(status=529), make_call(OTHER, status=500)] * FAILURES
    worker.breaker.note(calls)
    assert worker.standing(TARGET) == worker.standing(OTHER) == "closed"
    for _ in range(FAILURES - 1):
        worker.breaker.note(calls)
    assert worker.standing(TARGET) == worker.standing(OTHER) == "open"


def test_a_trial_that_tried_several_times_failed_once(due, worker):
    assert worker.standing() == "trial"
    worker.breaker.note([make_call(status=529)] * FAILURES, trial=TARGET)
    (condition,) = worker.conditions
    assert condition.no_draft_for_s == 2 * OPEN_S


def test_a_request_that_asks_no_draft_takes_no_trial(due, worker):
    found = worker.store.get(worker.breaker.keys(TARGET))
    assert worker.breaker.standing(TARGET, found) == "due"
    assert worker.standing() == "trial"


def test_workers_count_together(worker, other_worker):
    worker.fails(3)
    other_worker.fails(2)
    assert worker.standing() == other_worker.standing() == "open"


def openings(target):
    labels = {"provider": target.provider.name, "model": target.model}
    name = "cascadeproxy_breaker_openings_total"
    return REGISTRY.get_sample_value(name, labels) or 0


def test_an_opening_is_counted_once(worker, other_worker, clock):
    before = openings(TARGET)
    worker.fails(FAILURES + 3)
    other_worker.fails(3)
    clock.now += OPEN_S
    assert worker.standing() == "trial"
    worker.fails(trial=TARGET)
    assert openings(TARGET) - before == 1


# --- Trials and closing ---------------------------------------------------------------


@pytest.fixture
def due(worker, other_worker, clock):
    """A breaker whose time is over; nobody has tried yet."""
    worker.fails(FAILURES)
    clock.now += OPEN_S


def test_one_trial_at_a_time_is_let_through(due, worker, other_worker):
    assert worker.standing() == "trial"
    assert other_worker.standing() == worker.standing() == "open"


def test_a_trial_that_works_closes_it_for_all(due, worker, other_worker):
    assert other_worker.standing() == "trial"
    other_worker.works(trial=TARGET)
    assert worker.standing() == other_worker.standing() == "closed"
    assert worker.conditions == []


def test_each_failed_trial_doubles_the_wait(due, worker, other_worker, clock):
    waits = []
    for _ in range(5):
        assert worker.standing() == "trial"
        worker.fails(trial=TARGET, status=None, failure="timeout")
        assert other_worker.standing() == "open"
        (condition,) = other_worker.conditions
        waits.append(condition.no_draft_for_s)
        clock.now += condition.no_draft_for_s
    assert waits == [60, 120, 240, OPEN_AT_MOST_S, OPEN_AT_MOST_S]


def test_a_failure_that_was_no_trial_does_not_prolong_it(due, worker, other_worker):
    worker.fails(FAILURES)
    assert other_worker.standing() == "trial"


@pytest.mark.parametrize("calls", [[], [make_call(status=None)]], ids=len)
def test_a_trial_that_did_not_take_place_is_given_back(due, worker, calls):
    assert worker.standing() == "trial"
    worker.breaker.note(calls, trial=TARGET)
    assert worker.standing() == "trial"


def test_a_trial_whose_worker_died_is_given_back_when_it_must_be_over(
    due, worker, other_worker, clock
):
    assert worker.standing() == "trial"
    clock.now += TIMEOUT_S
    assert other_worker.standing() == "open"
    clock.now += 5
    assert other_worker.standing() == "trial"


def test_a_verifier_that_works_closes_it_too(worker):
    worker.fails(FAILURES)
    worker.works(duration_ms=0.0)
    assert worker.standing() == "closed"


def test_an_answer_that_began_before_the_trouble_does_not_close_it(worker, clock):
    worker.fails(FAILURES)
    clock.now += 10
    worker.works(duration_ms=10_001)
    assert worker.standing() == "open"
    worker.works(duration_ms=9_999)
    assert worker.standing() == "closed"


def test_is_forgotten_when_nobody_tries_for_long(worker, clock):
    worker.fails(FAILURES)
    clock.now += OPEN_S + UNTRIED_S
    assert worker.conditions == []
    assert worker.standing() == "closed"


# --- Cost -----------------------------------------------------------------------------


def test_a_success_without_failures_before_it_costs_nothing(worker):
    worker.works()
    worker.works()
    assert worker.store.asked == []


def test_only_the_first_success_after_failures_costs_something(worker):
    worker.fails()
    worker.store.asked.clear()
    worker.works()
    assert worker.store.asked == ["get", "delete"]
    worker.works()
    assert len(worker.store.asked) == 2


def test_a_worker_learns_of_the_failures_of_others_from_what_it_reads(
    worker, other_worker
):
    worker.fails(FAILURES - 1)
    assert other_worker.standing() == "closed"
    other_worker.works()
    worker.fails()
    assert worker.standing() == "closed"


def test_what_a_worker_suspects_is_bounded(worker, monkeypatch):
    monkeypatch.setattr(breaker, "MAX_SUSPECTS", 1)
    worker.fails()
    worker.fails(target=OTHER)
    worker.store.asked.clear()
    worker.works()
    assert worker.store.asked == []


# --- What is shown --------------------------------------------------------------------


def test_conditions_say_what_is_open_and_for_how_long(worker, other_worker, clock):
    worker.fails(FAILURES)
    clock.now += 7
    worker.fails(FAILURES, target=OTHER)
    worker.fails(FAILURES - 1, target=make_target("verifier-large"))
    assert other_worker.conditions == [
        Condition(provider="main", model="draft-other", no_draft_for_s=30.0),
        Condition(provider="main", model="draft-small", no_draft_for_s=23.0),
    ]
    clock.now += 24
    assert [each.no_draft_for_s for each in worker.conditions] == [6.0, 0.0]


def test_an_entry_that_cannot_be_read_is_no_condition(worker, backend):
    backend.put({"breaker:open:odd": b"[]"}, ttl_s=60)
    assert worker.conditions == []


def test_the_functions_of_the_module_use_the_store_of_the_process():
    for _ in range(FAILURES):
        breaker.note([make_call(status=529)])
    (condition,) = breaker.conditions()
    assert (condition.provider, condition.model) == ("main", DRAFT)


def test_a_spare_that_was_left_hides_no_failure_of_its_model(worker):
    for _ in range(FAILURES):
        worker.breaker.note([make_call(status=529), make_call(status=None)])
    assert worker.standing() == "open"
