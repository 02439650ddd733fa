"""The official Python SDK reads made events as it reads the message they tell."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings

from routing.replaying import replay
from tests.programs import python_with
from tests.routing.generated import messages
from tests.wire import parsed

pytestmark = pytest.mark.clients

VERSIONS = ("anthropic==2.12.0", "anthropic==0.125.0")
SCRIPT = Path(__file__).with_name("replay_session.py")


def made_up(count: int) -> list[dict[str, Any]]:
    """Messages as models answer them, the same at each run."""
    made: list[dict[str, Any]] = []

    @settings(max_examples=count, derandomize=True, phases=[Phase.generate])
    @given(messages)
    def keep(message: dict[str, Any]) -> None:
        made.append(message)

    keep()
    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_reads_the_same_from_events_as_from_the_message(version: str) -> None:
    python = python_with(version)
    asked = [[m, b"".join(replay(m)).decode()] for m in made_up(200)]
    done = subprocess.run(  # noqa: S603  fixed here
        [python, SCRIPT],
        input=msgspec.json.encode(asked),
        env={"PATH": ""},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    told = parsed(done.stdout)
    assert len(told) == len(asked) > 100
    for (message, _), (whole, streamed) in zip(asked, told, strict=True):
        assert streamed == whole, message
