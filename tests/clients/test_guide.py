"""Every command of docs/claude-code.md, run in order as somebody would type them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.claude_code import ClaudeCode
from tests.clients.provision import GUIDE, SUBAGENTS
from tests.stack import ROOT, Stack, Template, wait_for

pytestmark = pytest.mark.clients

GUIDE_PAGE = ROOT / "docs" / "claude-code.md"
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LIMIT_S = 120.0
# Between the outputs of two blocks.
MARK = "--- next block ---"


@contextmanager
def stack_of_its_own(template: Template, directory: Path) -> Iterator[Stack]:
    """The guide changes rules and makes keys, and goes on a moment later."""
    with Stack(template, directory, {"CASCADE_SNAPSHOT_POLL_S": "0.05"}) as stack:
        yield stack


def blocks(language: str) -> list[str]:
    return [
        text
        for name, text in FENCED.findall(GUIDE_PAGE.read_text())
        if name == language
    ]


def with_our_own(text: str, stack: Stack) -> str:
    """Return commands with the address, the key and the Python of this test."""
    own = {
        "http://127.0.0.1:8000": stack.base_url,
        "cp_live_...": stack.keys[f"{GUIDE}:0"],
        "python manage.py": f"{sys.executable} {ROOT / 'manage.py'}",
    }
    for placeholder, value in own.items():
        text = text.replace(placeholder, value)
    return text


def test_every_fence_says_whether_it_is_typed() -> None:
    fences = {name for name, _ in FENCED.findall(GUIDE_PAGE.read_text())}
    assert fences == {"sh", "text"}


def test_every_command_of_the_guide_works(
    claude: ClaudeCode, template: Template, tmp_path: Path
) -> None:
    with stack_of_its_own(template, tmp_path / "stack") as stack:
        environment = stack.environment | claude.environment("", "")
        del environment["ANTHROPIC_BASE_URL"], environment["ANTHROPIC_API_KEY"]
        script = f"echo '{MARK}'\n".join(blocks("sh"))
        done = claude.shell(
            environment, ["sh", "-euc", with_our_own(script, stack)], LIMIT_S
        )
        assert done.returncode == 0, done.stdout + done.stderr
        outputs = done.stdout.split(f"{MARK}\n")
        assert all(outputs)
        assert_tells_what_happened(outputs)
        assert_leaves_what_the_page_says(stack)


def assert_tells_what_happened(outputs: list[str]) -> None:
    assert "I am a simulated model" in outputs[0]
    assert "The tool answered: hello" in outputs[1]
    assert GUIDE in outputs[2]
    assert SUBAGENTS in outputs[3]
    assert "Estimated usage by category" in "".join(outputs)


def assert_leaves_what_the_page_says(stack: Stack) -> None:
    (line,) = blocks("text")
    assert without_figures(line.strip()) in without_figures(stack.log)
    rules = stack.query("SELECT name, subagents FROM routing_cascaderule")
    assert rules == [{"name": SUBAGENTS, "subagents": "only"}]
    forced = "SELECT key_name FROM metrics_routingdecision WHERE reason = ?"
    (row,) = wait_for("it", lambda: stack.query(forced, "forced:verifier"))
    assert row["key_name"] == "laptop"


def without_figures(text: str) -> str:
    return re.sub(r"\d+", "0", text)
