"""Clients of OpenAI's dialect, same-dialect and across, in each mode of the cascade."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.openai.provision import MODES, PAIRS
from tests.clients.sessions import printed
from tests.programs import python_with
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
# The script of each program, and the newest release when this was written.
PROGRAMS = {
    "openai": ("sdk", "openai==3.57.0"),
    "openai-2": ("sdk", "openai==2.54.0"),
    "litellm": ("litellm", "litellm==1.110.2"),
    "instructor": ("instructor", "instructor==1.17.0"),
    "langchain": ("langchain", "langchain-openai==1.7.4"),
    "pydantic-ai": ("pydantic_ai", "pydantic-ai-slim[openai]==2.68.0"),
}
OUTCOMES = {"off": "pass_through", "accepting": "accepted", "escalating": "escalated"}
ERRORS = {
    "key": ["AuthenticationError", True],
    "request": ["BadRequestError", True],
    "upstream": ["NotFoundError", True],
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_reads_what_it_needs_of_every_scene(
    stack: Stack, program: str, pair: str, mode: str
) -> None:
    script, requirement = PROGRAMS[program]
    tag, asked = f"{pair}-{mode}", PAIRS[pair][0]
    before = len(rows(stack, tag))
    job = {"url": stack.base_url, "key": stack.keys[tag], "model": asked}
    path = HERE / f"{script}_session.py"
    read = printed(str(python_with(requirement)), str(path), json.dumps(job))
    assert faults_in(read, asked) == []
    made = wait_for("decisions", lambda: rows(stack, tag)[before:])
    assert OUTCOMES[mode] in {row["outcome"] for row in made}


def rows(stack: Stack, tag: str) -> list[dict[str, Any]]:
    sql = "SELECT outcome FROM metrics_routingdecision WHERE key_name = ? ORDER BY id"
    return stack.query(sql, tag)


def faults_in(read: dict[str, dict[str, Any]], asked: str) -> list[str]:
    """Return what is wrong with what a program read; each scene has what it has."""
    wanted: dict[str, Any] = {
        "model": asked,
        "finish": {"stream": "stop", "tools": "tool_calls"},
        "name": "get_weather",
        "names": ["get_time", "get_weather"],
        "cities": [["city"], ["city"]],
        "city": "str",
        "keys": ["answer"],
        "answer": "int",
        "first": "chat.completion.chunk",
        "objects": ["model"],
        **ERRORS,
    }
    faults = []
    for scene, told in read.items():
        for name, value in told.items():
            expected = wanted.get(name)
            if isinstance(expected, dict):
                expected = expected[scene]
            right = bool(value) if expected is None else value == expected
            if not right:
                faults.append(f"{scene}.{name}: {value!r}")
    return faults
