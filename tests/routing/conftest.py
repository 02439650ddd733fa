"""A rule, drafts of it that have labels, and a port that takes connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from routing.models import CascadeRule
from tests.routing.labelled import LabelledDrafts


@pytest.fixture
def rule(db):
    return CascadeRule.objects.create(
        name="first", request_model="verifier-large", draft_model="draft-small"
    )


@pytest.fixture
def drafts(tmp_path):
    return LabelledDrafts(tmp_path / "labelled")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server
