"""A live stack with a provider of each dialect, for real clients of OpenAI's."""
# ruff: noqa: F811  pytest hands fixtures over by name

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routing.simulator import Simulator
from tests.clients.openai.players import Players
from tests.fixtures import (  # noqa: F401  fixtures are found by their names here
    SharedStack,
    shared_stack,
)
from tests.stack import Stack, Template


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """The upstream of both providers, in this process; slow enough to leave."""
    with Simulator(token_s=0.005) as upstream:
        yield upstream


@pytest.fixture(scope="session")
def template(
    simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    directory = tmp_path_factory.mktemp("openai-template")
    return Template(
        directory, simulator.url, provision="tests.clients.openai.provision"
    )


@pytest.fixture(scope="session")
def stack(shared_stack: SharedStack) -> Stack:
    return shared_stack()


@pytest.fixture(scope="session")
def players() -> Iterator[Players]:
    with Players() as players:
        yield players
