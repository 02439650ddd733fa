"""Stacks are started once for each worker class and serve all tests here."""
# ruff: noqa: F811  pytest hands fixtures over by name

from __future__ import annotations

import pytest

from tests.fixtures import (  # noqa: F401  fixtures are found by their names here
    SharedStack,
    shared_stack,
    simulator,
    template,
)
from tests.stack import Stack

ORIGIN = "https://app.example"


@pytest.fixture(params=["gevent", "gthread"])
def worker_class(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def stack(shared_stack: SharedStack, worker_class: str) -> Stack:
    """The usual stack, with two workers."""
    return shared_stack(
        CASCADE_WORKER_CLASS=worker_class,
        CASCADE_WORKERS="2",
        CASCADE_CORS_ORIGINS=ORIGIN,
    )


@pytest.fixture
def holding_stack(shared_stack: SharedStack, worker_class: str) -> Stack:
    """A stack that holds the status line for 0.3 s and then pings every 0.1 s."""
    return shared_stack(
        CASCADE_WORKER_CLASS=worker_class, CASCADE_HOLD_S="0.3", CASCADE_PING_S="0.1"
    )
