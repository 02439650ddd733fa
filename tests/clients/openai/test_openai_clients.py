"""Clients of OpenAI's dialect, same-dialect and across, in each mode of the cascade."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.openai.asked import DEGREES, SCENES
from tests.clients.openai.players import Players
from tests.clients.openai.provision import MODES, PAIRS
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.clients

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
# A loop that the verifier began goes on with it.
GOES_ON = ("pass_through", "not_eligible:tool_loop_of_verifier")
CLOSED = 499

Right = Callable[[Any], bool]


def _is(wanted: Any) -> Right:
    return lambda told: bool(told == wanted)


# What every program must read of each scene, and what one may read beside.
WANTED: dict[str, dict[str, Right]] = {
    "text": {"text": bool},
    "stream": {"text": bool},
    "tools": {
        "name": _is("get_weather"),
        "city": _is("str"),
        "text": lambda told: DEGREES in told,
    },
    "parallel": {
        "names": _is(["get_time", "get_weather"]),
        "cities": _is([["city"], ["city"]]),
    },
    "structured": {"answer": _is("int")},
    "image": {"text": bool},
    "errors": {
        "key": _is([401, True]),
        "request": _is([400, True]),
        "upstream": _is([404, True]),
    },
    "disconnect": {"begun": _is(True), "left": _is(True)},
}
BESIDE: dict[str, dict[str, Right]] = {
    "text": {"model": lambda told: told in {asked for asked, _ in PAIRS.values()}},
    "stream": {"finish": _is("stop"), "tokens": bool, "answer": _is("int")},
    "tools": {"finish": _is("tool_calls")},
    "image": {"answer": _is("int")},
    "listed": {"objects": _is(["model"])},
}
# What a program has no words for: docs/compatibility.md says so.
CANNOT = {"instructor": {"tools.text"}}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_reads_what_it_needs_of_every_scene(
    stack: Stack, players: Players, program: str, pair: str, mode: str
) -> None:
    script, requirement = PROGRAMS[program]
    tag, asked = f"{pair}-{mode}", PAIRS[pair][0]
    before = len(rows(stack, tag))
    job = {
        "url": stack.base_url,
        "key": stack.keys[tag],
        "model": asked,
        "run": f"{program} {tag}",
    }
    read = players.read(script, requirement, job)
    assert faults_in(read, CANNOT.get(program, set())) == []
    made = wait_for("decisions", lambda: settled(rows(stack, tag)[before:], mode))
    assert strays_in(made, mode) == []


def rows(stack: Stack, tag: str) -> list[dict[str, Any]]:
    sql = (
        "SELECT outcome, reason, status, aborted FROM metrics_routingdecision"
        " WHERE key_name = ? ORDER BY id"
    )
    return stack.query(sql, tag)


def settled(made: list[dict[str, Any]], mode: str) -> list[dict[str, Any]]:
    """The decisions of a session once they are all there, with those it left."""
    answered = [row for row in made if row["status"] == 200 and not row["aborted"]]
    refusals = {row["status"] for row in made if 400 <= row["status"] < CLOSED}
    left = [row["status"] for row in made if row["aborted"]]
    # An accepted draft is sent at once, too fast for anybody to leave in its middle.
    begun = mode == "accepting" or 200 in left
    enough = len(answered) >= len(SCENES) - 2
    return made if enough and begun and refusals and CLOSED in left else []


def strays_in(made: list[dict[str, Any]], mode: str) -> list[dict[str, Any]]:
    """The answered requests of a session that came to another outcome than theirs."""
    return [
        row
        for row in made
        if row["status"] == 200
        and row["outcome"] != OUTCOMES[mode]
        and not (mode == "escalating" and (row["outcome"], row["reason"]) == GOES_ON)
    ]


def faults_in(read: dict[str, dict[str, Any]], cannot: set[str]) -> list[str]:
    """Return what a program did not read, or not rightly."""
    missing = [
        f"{scene}.{name}: nothing"
        for scene, names in WANTED.items()
        for name in names
        if name not in read[scene] and f"{scene}.{name}" not in cannot
    ]
    wrong = [
        f"{scene}.{name}: {value!r}"
        for scene, told in read.items()
        for name, value in told.items()
        if not (WANTED.get(scene, {}) | BESIDE.get(scene, {}))[name](value)
    ]
    return missing + wrong
