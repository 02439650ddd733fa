import os
import select
import signal
import socket
from contextlib import contextmanager

import pytest

from cascadeproxy.children import Child, Children, Program
from cascadeproxy.gunicorn_conf import _environment

WAIT_S = 10


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def server(port: int) -> Program:
    arguments = ("http.server", str(port), "--bind", "127.0.0.1")
    return Program(name="server", arguments=arguments, quiet=True)


def ended(pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], WAIT_S)[0])
    finally:
        os.close(descriptor)


@contextmanager
def started(*programs: Program):
    said: list[str] = []
    children = Children(programs, _environment(), said.append)
    children.start()
    try:
        yield children, said
    finally:
        children.stop()


def wait_until(condition) -> None:
    poll = select.poll()
    for _ in range(WAIT_S * 100):
        if condition():
            return
        poll.poll(10)
    pytest.fail("waited in vain")


def test_a_killed_child_comes_back():
    with started(server(free_port())) as (children, said):
        (child,) = children.members
        first = child.pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: child.pid not in {0, first})
        assert child.alive()
    assert said == ["server ended and was started again"]


def test_a_child_that_somebody_else_reaped_comes_back_too():
    with started(server(free_port())) as (children, _):
        (child,) = children.members
        first = child.pid
        os.kill(first, signal.SIGKILL)
        # As the arbiter does; whoever of the two is first.
        wait_until(lambda: _reaped(first) or child.pid != first)
        wait_until(lambda: child.pid not in {0, first})


def test_stopping_leaves_no_child_behind():
    with started(server(free_port()), server(free_port())) as (children, _):
        pids = [child.pid for child in children.members]
        assert all(pids)
    assert all(ended(pid) for pid in pids)


def test_a_child_that_ignores_its_end_is_killed(monkeypatch):
    monkeypatch.setattr("cascadeproxy.children.STOP_WITHIN_S", 0.1)
    stubborn = Program(name="stubborn", arguments=("tests.cascadeproxy.stubborn",))
    with started(stubborn) as (children, _):
        pid = children.members[0].pid
    assert ended(pid)


def test_a_program_that_keeps_ending_waits_longer_each_time():
    child = Child(
        Program(name="brief", arguments=("this",), quiet=True), _environment()
    )
    child.start()
    wait_until(lambda: not child.alive())
    assert not child.due()


def test_a_child_notices_that_its_lifeline_was_cut():
    with started(server(free_port())) as (children, _):
        (child,) = children.members
        first = child.pid
        children.release()
        wait_until(lambda: child.pid != first)


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
