"""One stack for each worker class serves the whole table."""
# ruff: noqa: F811  pytest hands fixtures over by name

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.fidelity.case import Case
from tests.fidelity.playing import Players
from tests.fidelity.recording_upstream import RecordingUpstream
from tests.fixtures import (  # noqa: F401  fixtures are found by their names here
    SharedStack,
    shared_stack,
)
from tests.stack import Stack, Template


@pytest.fixture(scope="session")
def upstream() -> Iterator[RecordingUpstream]:
    """The provider of all rows."""
    with RecordingUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def template(
    upstream: RecordingUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    directory = tmp_path_factory.mktemp("fidelity")
    return Template(directory, upstream.url, provision="tests.fidelity.provision")


@pytest.fixture(scope="session")
def players(
    request: pytest.FixtureRequest, upstream: RecordingUpstream
) -> Iterator[Players]:
    """Plays the rows of the tests that were chosen."""
    chosen = (getattr(item, "callspec", None) for item in request.session.items)
    parameters = (spec.params for spec in chosen if spec is not None)
    # Each row comes once for each worker class.
    wanted = {
        (case.id, each["way"]): (case, each["way"])
        for each in parameters
        if isinstance(case := each.get("case"), Case)
    }
    with closing(Players(wanted.values(), upstream)) as players:
        yield players


@pytest.fixture(params=["gevent", "gthread"])
def worker_class(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def stack(shared_stack: SharedStack, worker_class: str) -> Stack:
    return shared_stack(CASCADE_WORKER_CLASS=worker_class, CASCADE_WORKERS="2")
