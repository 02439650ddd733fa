"""Claude Code without its screen, from npm, with a home of its own and a dummy key."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.programs import npm_package
from tests.stack import Stack
from tests.wire import parsed

pytestmark = pytest.mark.clients

VERSION = "2.1.330"
MODEL = "claude-opus-5-5"


@pytest.fixture(scope="session")
def claude() -> Path:
    """The program itself."""
    return npm_package("@anthropic-ai/claude-code", VERSION) / ".bin" / "claude"


def run(claude: Path, stack: Stack, folder: Path, *arguments: str) -> dict[str, Any]:
    """Return the result it prints as JSON; it works in `folder`, its home beside it."""
    home = folder.with_name("home")
    home.mkdir()
    folder.mkdir()
    done = subprocess.run(  # noqa: S603  fixed here
        [claude, "-p", "--output-format", "json", *arguments],
        cwd=folder,
        env={
            "PATH": os.pathsep.join([str(claude.parent), _path_of_node(), os.defpath]),
            "HOME": str(home),
            "ANTHROPIC_BASE_URL": stack.base_url,
            "ANTHROPIC_API_KEY": stack.key,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return parsed(done.stdout)


def test_says_hi_from_an_accepted_draft(
    claude: Path, stack: Stack, tmp_path: Path
) -> None:
    before = len(_decisions(stack))
    result = run(claude, stack, tmp_path / "work", "say hi")
    assert not result["is_error"]
    assert "I am a simulated model" in result["result"]
    (row,) = _decisions(stack, more_than=before)[before:]
    assert (row["outcome"], row["served_model"]) == ("accepted", "draft-small")
    assert (row["stream"], row["status"], row["aborted"]) == (1, 200, 0)


def test_runs_a_tool_that_an_accepted_draft_calls(
    claude: Path, stack: Stack, tmp_path: Path
) -> None:
    before = len(_decisions(stack))
    prompt = "Use the Bash tool to run: echo 2+2 | tee seen"
    result = run(claude, stack, tmp_path / "work", prompt, "--allowedTools", "Bash")
    assert not result["is_error"]
    assert "The tool answered: 2+2" in result["result"]
    assert (tmp_path / "work" / "seen").read_text() == "2+2\n"
    rows = _decisions(stack, more_than=before + 1)[before:]
    assert rows[0]["outcome"] == "accepted"
    assert {row["status"] for row in rows} == {200}


def _decisions(stack: Stack, *, more_than: int = -1) -> list[dict[str, Any]]:
    count = max(more_than + 1, 0)
    if count:
        return stack.decisions(MODEL, count=count)
    sql = "SELECT * FROM metrics_routingdecision WHERE requested_model = ?"
    return stack.query(sql, MODEL)


def _path_of_node() -> str:
    node = shutil.which("node")
    return str(Path(node).parent) if node else os.defpath
