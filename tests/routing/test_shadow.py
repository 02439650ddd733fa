"""Work that waits for a quiet moment: bounded, lost only to a process that ends."""

import threading

from prometheus_client import REGISTRY

from routing.shadow import ShadowPool


def dropped():
    return REGISTRY.get_sample_value("cascadeproxy_shadow_dropped_total")


def test_what_is_offered_is_done():
    pool, done = ShadowPool(), []
    for number in range(20):
        assert pool.offer(lambda number=number: done.append(number))
    pool.wait()
    assert sorted(done) == list(range(20))


def test_what_finds_no_room_is_dropped_and_counted():
    pool, go = ShadowPool(room=1, workers=1), threading.Event()
    begun = threading.Event()

    def busy():
        begun.set()
        go.wait(10)

    before = dropped()
    assert pool.offer(busy)
    assert begun.wait(10)
    assert pool.offer(lambda: None)
    assert not pool.offer(lambda: None)
    assert dropped() == before + 1
    go.set()
    pool.wait()


def test_a_task_that_fails_holds_up_no_other(caplog):
    pool, done = ShadowPool(workers=1), []

    def fail():
        raise ValueError("no")

    pool.offer(fail)
    pool.offer(lambda: done.append(1))
    pool.wait()
    assert done == [1]
    assert "A shadow evaluation failed." in caplog.text


def test_what_waits_at_the_end_is_counted():
    pool, go = ShadowPool(workers=1), threading.Event()
    begun = threading.Event()

    def busy():
        begun.set()
        go.wait(10)

    pool.offer(busy)
    assert begun.wait(10)
    pool.offer(lambda: None)
    before = dropped()
    assert pool.give_up() == 1
    assert dropped() == before + 1
    go.set()


def test_tasks_that_hold_too_much_are_dropped_whatever_their_number():
    pool, go = ShadowPool(room_bytes=100, workers=1), threading.Event()
    begun = threading.Event()

    def busy():
        begun.set()
        go.wait(10)

    assert pool.offer(busy, size_bytes=60)
    assert begun.wait(10)
    assert not pool.offer(lambda: None, size_bytes=60)
    assert pool.offer(lambda: None, size_bytes=40)
    go.set()
    pool.wait()
    assert pool.offer(lambda: None, size_bytes=100)
    pool.wait()
