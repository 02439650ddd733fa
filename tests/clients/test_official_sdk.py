"""The official SDKs read from the proxy what they read from the provider itself."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from routing.simulator.values import Request
from tests.clients import jobs
from tests.clients.accounts import MODES
from tests.clients.provision import DRAFT, VERIFIER
from tests.clients.sessions import (
    Caller,
    Session,
    Sessions,
    direct_run,
    printed,
    run_through,
)
from tests.clients.upstream import SceneUpstream
from tests.programs import npm_package, python_with
from tests.stack import Stack

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
TYPESCRIPT = "1.12.0"
# The newest of each line when this was written, and the wire version that it speaks.
PROGRAMS = {
    "python-2.12.0": "2026-10-21",
    "python-0.125.0": "2023-06-01",
    f"typescript-{TYPESCRIPT}": "2026-10-21",
}
# Of the server and the connection, not of the answer.
OF_THE_CONNECTION = {
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
    "vary",
}
WAYS = ("create", "stream")


def command(program: str) -> list[str]:
    """Return how its session script is run; a job is the last argument."""
    name, _, version = program.partition("-")
    if name == "typescript":
        sdk = npm_package("@anthropic-ai/sdk", version) / "@anthropic-ai/sdk"
        node = shutil.which("node")
        return [str(node), str(HERE / "sdk_session.mjs"), str(sdk)]
    python = python_with(f"anthropic=={version}")
    return [str(python), "-W", "error", str(HERE / "sdk_session.py")]


@pytest.fixture(params=[(p, m) for p in PROGRAMS for m in MODES], ids="-".join)
def session(request: pytest.FixtureRequest, sessions: Sessions) -> Session:
    program, mode = request.param
    words = command(program)

    def play(caller: Caller) -> dict[str, Any]:
        return printed(*words, json.dumps(jobs.job(caller)))

    return sessions.of(program, mode, play)


def of_the_answer(read: Any) -> Any:
    """Return what was read without what is the proxy's own to say."""
    if isinstance(read, list):
        return [of_the_answer(value) for value in read]
    if not isinstance(read, dict):
        return read
    kept = {
        name: of_the_answer(value)
        for name, value in read.items()
        if name not in OF_THE_CONNECTION and not name.startswith("x-cascade-")
    }
    return kept | ({"model": VERIFIER} if kept.get("model") == DRAFT else {})


@pytest.mark.parametrize("scene", jobs.ANSWERS)
def test_reads_exactly_what_the_model_said(session: Session, scene: str) -> None:
    expected = session.expected["answers"][scene]
    assert of_the_answer(session.read["answers"][scene]) == of_the_answer(expected)


@pytest.mark.parametrize("scene", jobs.ANSWERS)
@pytest.mark.parametrize("way", WAYS)
def test_is_told_who_answered(session: Session, scene: str, way: str) -> None:
    outcome = {"off": "pass_through", "accepting": "accepted"}
    headers = session.read["answers"][scene][0][way]["headers"]
    assert headers["x-cascade-outcome"] == outcome.get(session.mode, "escalated")
    assert headers["x-cascade-model"] == session.answers


def test_leaves_a_decision_for_every_answer(session: Session) -> None:
    turns = sum(len(turns) for turns in session.read["answers"].values())
    rows = session.account.decisions(turns * 3)
    assert {row["served_model"] for row in rows} == {session.answers}
    assert {row["status"] for row in rows} == {200}
    assert not any(row["aborted"] for row in rows)


@pytest.mark.parametrize("fault", jobs.REFUSALS)
def test_raises_the_error_that_the_provider_sent(session: Session, fault: str) -> None:
    error = session.read["faults"][fault]
    assert error["error"]
    assert error == session.direct[VERIFIER]["faults"][fault]


@pytest.mark.parametrize("way", WAYS)
def test_does_not_repeat_what_the_provider_says_not_to(
    session: Session, simulator: SceneUpstream, way: str
) -> None:
    run = f"{run_through(session.program, session.mode)}-{way}"
    assert len(simulator.asked_of(VERIFIER, "error-do-not-retry", run)) == 1


@pytest.mark.parametrize(("fault", "expected"), jobs.RETRIED.items())
def test_tries_again_until_it_is_answered(
    session: Session, simulator: SceneUpstream, fault: str, expected: tuple[int, str]
) -> None:
    tries, beginning = expected
    (block,) = session.read["faults"][fault]["message"]["content"]
    assert block["text"].startswith(beginning)
    scene, way = fault.split()
    run = f"{run_through(session.program, session.mode)}-{way}"
    asked = len(simulator.asked_of(VERIFIER, scene, run))
    assert asked == tries or (session.mode == "accepting" and asked == tries - 1)


def test_raises_the_error_in_the_middle_of_a_stream(session: Session) -> None:
    error = session.read["faults"]["erring stream"]
    assert error["error"]
    assert error == session.direct[VERIFIER]["faults"]["erring stream"]


def test_notices_a_stream_that_breaks_off(session: Session) -> None:
    assert session.read["faults"]["torn stream"]["error"]


def test_raises_its_own_error_for_a_wrong_key(session: Session) -> None:
    error = session.read["wrong key"]
    assert (error["error"], error["status"]) == ("AuthenticationError", 401)
    assert error["body"]["error"]["type"] == "authentication_error"
    assert error["request_id"].startswith("req_")


def test_does_not_ask_again_with_a_key_whose_budget_is_spent(
    session: Session, sessions: Sessions, stack: Stack
) -> None:
    error = session.read["spent key"]
    # The newest have a name of their own for it, by the code in the details.
    assert error["error"] in ("RateLimitError", "EnforcedSpendLimitReachedError")
    assert error["status"] == 429
    assert error["body"]["error"]["type"] == "rate_limit_error"
    details = error["body"]["error"]["details"]
    assert details == {"error_code": "enforced_spend_limit_reached"}
    refusals = stack.log.count("budget for this day is spent")
    assert refusals == sessions.that_read("spent key")


def test_counts_tokens_and_pages_through_models(session: Session) -> None:
    assert session.read["count_tokens"] == session.direct[VERIFIER]["count_tokens"]
    models = session.read["models"]
    assert models["paged"] == models["whole"]
    assert VERIFIER in models["whole"]
    assert session.read["model"] == "Claude Opus 5.5"


def test_what_it_sends_reaches_the_provider_unchanged(
    session: Session, simulator: SceneUpstream
) -> None:
    model, version = session.answers, PROGRAMS[session.program]
    alone = direct_run(session.program, model)
    through = run_through(session.program, session.mode)
    its_own = simulator.asked_of(model, "text", f"{alone}]]")
    ours = simulator.asked_of(model, "text", f"{through}]]")
    for sent, arrived in zip(its_own, ours, strict=True):
        assert sent.header("anthropic-version") == version
        mark = arrived.header("cascade-hop")
        assert re.fullmatch("[0-9a-f]{16}", mark)
        assert _named_headers(arrived) == _named_headers(sent) | {"cascade-hop": mark}
        assert arrived.body == sent.body.replace(alone.encode(), through.encode())
    assert len(ours) == 3


def _named_headers(request: Request) -> dict[str, str]:
    names = {name.lower() for name, _ in request.headers}
    changed = {"accept-encoding", "authorization", "connection", "host", "x-api-key"}
    kept = names - changed - {"content-length"}
    return {name: request.header(name) for name in kept}
