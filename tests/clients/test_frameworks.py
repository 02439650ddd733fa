"""Frameworks on top of the SDK read from the proxy what they read without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.accounts import MODES
from tests.clients.provision import DRAFT, VERIFIER
from tests.clients.sessions import Caller, Session, Sessions, printed
from tests.programs import python_with
from tests.wire import parsed

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
# The newest that could be installed together when this was written.
FRAMEWORKS = {
    "langchain": ("langchain-anthropic==1.7.7", "langchain-core==1.7.2"),
    "pydantic_ai": ("pydantic-ai-slim[anthropic]==2.68.0",),
}
# One whole answer, one stream, two turns around a tool.
REQUESTS = 4
# Where they called, and what they reckon an answer costs by its `model`.
THEIR_OWN = {"cost", "provider_url"}


@pytest.fixture(params=[(f, m) for f in FRAMEWORKS for m in MODES], ids="-".join)
def session(request: pytest.FixtureRequest, sessions: Sessions) -> Session:
    framework, mode = request.param
    python = python_with(*FRAMEWORKS[framework])
    script = HERE / f"{framework}_session.py"

    def play(caller: Caller) -> dict[str, Any]:
        return printed(str(python), str(script), json.dumps(job(framework, caller)))

    return sessions.of(framework, mode, play)


def job(framework: str, caller: Caller) -> dict[str, str]:
    """What a script is told to do; a prompt is the same whomever it goes to."""
    return {
        "url": caller.url,
        "key": caller.key,
        "model": caller.model,
        "text": f"[[scene:text/{framework}]] Please.",
        "tools": f"[[scene:parallel/{framework}]] Please.",
    }


@pytest.mark.parametrize("way", ["whole", "streamed", "tools"])
def test_reads_exactly_what_the_model_said(session: Session, way: str) -> None:
    read, expected = session.read[way], session.expected[way]
    assert of_the_answer(read) == of_the_answer(expected)


def test_leaves_a_decision_for_every_answer(session: Session) -> None:
    rows = session.account.decisions(REQUESTS)
    assert {row["served_model"] for row in rows} == {session.answers}
    assert {row["status"] for row in rows} == {200}


def of_the_answer(read: Any) -> Any:
    """Return what was read as if the requested model had said it."""
    text = json.dumps(read).replace(DRAFT, VERIFIER)
    return _without_their_own(parsed(text))


def _without_their_own(read: Any) -> Any:
    if isinstance(read, list):
        return [_without_their_own(value) for value in read]
    if not isinstance(read, dict):
        return read
    kept = {name: value for name, value in read.items() if name not in THEIR_OWN}
    return {name: _without_their_own(value) for name, value in kept.items()}
