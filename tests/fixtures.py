"""Fixtures of tests against a live server; their conftests import them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from routing.simulator import Simulator
from tests.stack import Stack, Template

SharedStack = Callable[..., Stack]


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """The upstream of all stacks, in this process: it shows what reached it."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def template(
    simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    return Template(tmp_path_factory.mktemp("template"), simulator.url)


@pytest.fixture(scope="session")
def shared_stack(
    template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedStack]:
    """Returns the running stack with some settings, started at its first use."""
    running: dict[tuple[tuple[str, str], ...], Stack] = {}
    with ExitStack() as ending:

        def get(**settings: str) -> Stack:
            name = tuple(sorted(settings.items()))
            if name not in running:
                stack = Stack(template, tmp_path_factory.mktemp("stack"), settings)
                running[name] = ending.enter_context(stack)
            # A test that failed may have left it killed.
            running[name].start()
            return running[name]

        yield get
        for stack in running.values():
            stack.ask_to_stop()
