"""Real client programs, installed on demand outside the tree, against a live stack."""
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


@pytest.fixture
def stack(shared_stack: SharedStack) -> Stack:
    return shared_stack()
