"""Real client programs, installed on demand outside the tree, against a live stack."""
# ruff: noqa: F811  pytest hands fixtures over by name

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.accounts import Accounts
from tests.clients.claude_code import ClaudeCode
from tests.clients.sessions import Sessions
from tests.clients.upstream import SceneUpstream
from tests.fixtures import (  # noqa: F401  fixtures are found by their names here
    SharedStack,
    shared_stack,
)
from tests.stack import Stack, Template


@pytest.fixture(scope="session")
def simulator() -> Iterator[SceneUpstream]:
    """The upstream of all stacks here, in this process."""
    with SceneUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def template(
    simulator: SceneUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    directory = tmp_path_factory.mktemp("template")
    return Template(directory, simulator.url, provision="tests.clients.provision")


@pytest.fixture(scope="session")
def stack(shared_stack: SharedStack) -> Stack:
    return shared_stack()


@pytest.fixture(scope="session")
def accounts(stack: Stack) -> Accounts:
    return Accounts(stack)


@pytest.fixture(scope="session")
def sessions(simulator: SceneUpstream, stack: Stack, accounts: Accounts) -> Sessions:
    return Sessions(simulator, stack, accounts)


@pytest.fixture
def claude(tmp_path: Path) -> Iterator[ClaudeCode]:
    with ClaudeCode(tmp_path) as claude:
        yield claude
