"""Claude Code from npm, whose default model is under a rule, against a live stack."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.accounts import MODES, Account, Accounts, Mode
from tests.clients.claude_code import ClaudeCode, of_type, result_of
from tests.clients.provision import DRAFT, GUIDE, SUBAGENTS, VERIFIER
from tests.clients.upstream import SceneUpstream
from tests.stack import Stack

pytestmark = pytest.mark.clients

OUTCOMES = {"off": "pass_through", "accepting": "accepted", "escalating": "escalated"}
SPEAKERS = {"off": "verifier", "accepting": "draft", "escalating": "verifier"}
WHO_SPEAKS = {"verifier": VERIFIER, "draft": DRAFT}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param


@pytest.fixture
def run(request: pytest.FixtureRequest) -> str:
    """A name of this test's own for the scenes it plays."""
    name = request.node.name.replace("[", ".").strip("]")
    return f"claude-code.{name}"


def told(claude: ClaudeCode, account: Account, **more: str) -> dict[str, str]:
    return claude.environment(account.stack.base_url, account.key, **more)


def test_answers_a_prompt(
    claude: ClaudeCode, accounts: Accounts, mode: Mode, run: str
) -> None:
    account = accounts.new(mode)
    lines = claude.lines(told(claude, account), f"[[scene:text/{run}]] Hello.")
    speaker = SPEAKERS[mode]
    assert result_of(lines) == f"Grüße from the {speaker}: four 🙂, as you asked."
    (row,) = account.decisions(1)
    assert (row["requested_model"], row["outcome"]) == (VERIFIER, OUTCOMES[mode])
    assert row["served_model"] == WHO_SPEAKS[speaker]
    assert (row["stream"], row["status"], row["aborted"]) == (1, 200, 0)


def test_reads_a_file_and_runs_a_command(
    claude: ClaudeCode, accounts: Accounts, mode: Mode, run: str
) -> None:
    account = accounts.new(mode)
    notes = claude.folder / "notes.txt"
    notes.write_text("two and two\n")
    prompt = f"[[scene:work/{run} file={notes}]] Shout my notes."
    lines = claude.lines(told(claude, account), prompt, "--allowedTools", "Read,Bash")
    speaker = SPEAKERS[mode]
    assert result_of(lines) == f"The {speaker} saw: TWO AND TWO"
    assert (claude.folder / "seen.txt").read_text() == "TWO AND TWO\n"
    rows = account.decisions(3)
    assert {row["served_model"] for row in rows} == {WHO_SPEAKS[speaker]}
    assert rows[0]["outcome"] == OUTCOMES[mode]
    assert {row["status"] for row in rows} == {200}


def test_runs_a_command_that_the_model_has_checked(
    claude: ClaudeCode,
    accounts: Accounts,
    mode: Mode,
    run: str,
    simulator: SceneUpstream,
) -> None:
    account = accounts.new(mode)
    notes = claude.folder / "notes.txt"
    notes.write_text("two and two\n")
    prompt = f"[[scene:work/{run} file={notes}]] Shout my notes."
    claude.lines(told(claude, account), prompt, "--permission-mode", "auto")
    assert (claude.folder / "seen.txt").read_text() == "TWO AND TWO\n"
    asked = simulator.asked_of(WHO_SPEAKS[SPEAKERS[mode]], "work", f"{run} ")
    assert len(asked) == 3
    assert all(b'"safeguards"' in request.body for request in asked)


def test_runs_no_command_that_nobody_has_checked(
    claude: ClaudeCode, accounts: Accounts, run: str, simulator: SceneUpstream
) -> None:
    notes = claude.folder / "notes.txt"
    notes.write_text("two and two\n")
    prompt = f"[[scene:work/{run} file={notes} verdict=none]] Shout my notes."
    environment = told(claude, accounts.new("accepting"))
    claude.run(environment, prompt, "--permission-mode", "auto")
    assert len(simulator.asked_of(DRAFT, "work", f"{run} ")) >= 2
    assert not (claude.folder / "seen.txt").exists()


def test_sends_a_subagent(
    claude: ClaudeCode, accounts: Accounts, mode: Mode, run: str
) -> None:
    account = accounts.new(mode)
    lines = claude.lines(told(claude, account), f"[[scene:delegate/{run}]] Add them.")
    speaker = SPEAKERS[mode]
    assert result_of(lines).startswith(f"The {speaker} was told: ")
    assert f"Grüße from the {speaker}" in words_of_subagents(lines)
    rows = account.decisions(4)
    assert {row["served_model"] for row in rows} == {WHO_SPEAKS[speaker]}


def test_a_rule_can_draft_subagents_alone(
    claude: ClaudeCode, accounts: Accounts, run: str
) -> None:
    account = accounts.tagged(SUBAGENTS)
    lines = claude.lines(told(claude, account), f"[[scene:delegate/{run}]] Add them.")
    assert result_of(lines).startswith("The verifier was told: ")
    assert "Grüße from the draft" in words_of_subagents(lines)
    outcomes = sorted(row["outcome"] for row in account.decisions(4))
    assert outcomes == ["accepted", *["pass_through"] * 3]


def test_reads_the_events_that_the_model_sent(
    claude: ClaudeCode,
    accounts: Accounts,
    mode: Mode,
    run: str,
    simulator: SceneUpstream,
) -> None:
    account, partial = accounts.new(mode), "--include-partial-messages"
    lines = claude.lines(told(claude, account), f"[[scene:text/{run}]]", partial)
    alone = claude.environment(simulator.url, "sk-ant-direct")
    model = ("--model", WHO_SPEAKS[SPEAKERS[mode]])
    direct = claude.lines(alone, f"[[scene:text/{run}]]", partial, *model)
    assert events_in(lines) == events_in(direct)
    account.decisions(1)


def test_outlasts_a_storm(
    claude: ClaudeCode, accounts: Accounts, mode: Mode, run: str
) -> None:
    account = accounts.new(mode, "storm")
    lines = claude.lines(told(claude, account), f"[[scene:storm/{run}]] Hello.")
    assert result_of(lines).startswith("The storm is over")
    retries = [line for line in lines if line.get("subtype") == "api_retry"]
    assert [line["error_status"] for line in retries] == [529, 529]
    rows = account.decisions(3)
    assert [row["status"] for row in rows] == [529, 529, 200]


def test_does_not_notice_a_draft_that_is_busy_for_a_moment(
    claude: ClaudeCode, accounts: Accounts, run: str
) -> None:
    account = accounts.new("accepting", "gust")
    lines = claude.lines(told(claude, account), f"[[scene:gust/{run}]] Hello.")
    assert result_of(lines) == "The gust is over, says the draft."
    (row,) = account.decisions(1)
    assert row["outcome"] == "accepted"


def test_asks_again_after_a_stream_that_was_cut(
    claude: ClaudeCode, accounts: Accounts, mode: Mode, run: str
) -> None:
    account = accounts.new(mode, "cut")
    lines = claude.lines(told(claude, account), f"[[scene:cut/{run}]] Hello.")
    assert result_of(lines) == f"A long text of the {SPEAKERS[mode]}, all of it here."
    rows = account.decisions(2)
    assert rows[1]["outcome"] == OUTCOMES[mode]


@pytest.mark.parametrize(
    ("word", "mode", "speaker"),
    [
        ("verifier", "accepting", "verifier"),
        ("off", "accepting", "verifier"),
        ("draft", "escalating", "draft"),
    ],
)
def test_can_choose_who_answers(
    claude: ClaudeCode,
    accounts: Accounts,
    run: str,
    word: str,
    mode: Mode,
    speaker: str,
) -> None:
    account = accounts.new(mode)
    environment = told(claude, account, ANTHROPIC_CUSTOM_HEADERS=f"x-cascade: {word}")
    lines = claude.lines(environment, f"[[scene:text/{run}]] Hello.")
    assert result_of(lines).startswith(f"Grüße from the {speaker}")
    (row,) = account.decisions(1)
    assert row["served_model"] == WHO_SPEAKS[speaker]


def test_may_not_choose_with_every_key(
    claude: ClaudeCode, accounts: Accounts, run: str
) -> None:
    account = accounts.tagged(GUIDE)
    environment = told(claude, account, ANTHROPIC_CUSTOM_HEADERS="x-cascade: draft")
    done = claude.run(environment, f"[[scene:text/{run}]] Hello.")
    assert done.returncode != 0
    assert "this key may not choose who answers" in done.stdout


def test_gives_up_a_wrong_key_at_once(claude: ClaudeCode, stack: Stack) -> None:
    environment = claude.environment(stack.base_url, "cp_live_wrong")
    done = claude.run(environment, "--output-format", "json", "Hello.")
    assert done.returncode != 0
    assert "Failed to authenticate" in done.stdout


def test_counts_its_context_without_a_decision(
    claude: ClaudeCode, accounts: Accounts, simulator: SceneUpstream, run: str
) -> None:
    account = accounts.new("accepting")
    before = len(simulator.requests)
    done = claude.run(told(claude, account), "/context")
    assert "Estimated usage by category" in done.stdout
    counted = [r for r in simulator.requests[before:] if "count_tokens" in r.path]
    assert len(counted) > 20
    claude.lines(told(claude, account), f"[[scene:text/{run}]] Hello.")
    account.decisions(1)


def test_discovers_models(claude: ClaudeCode, accounts: Accounts, run: str) -> None:
    discovery = {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1"}
    environment = told(claude, accounts.new("accepting"), **discovery)
    claude.lines(environment, f"[[scene:text/{run}]] Hello.")
    assert VERIFIER in [model["id"] for model in claude.discovered["models"]]


def test_shows_the_price_of_the_model_it_asked_for(
    claude: ClaudeCode, accounts: Accounts, run: str
) -> None:
    costs = {}
    for mode in ("off", "accepting"):
        lines = claude.lines(told(claude, accounts.new(mode)), f"[[scene:text/{run}]]")
        (result,) = of_type(lines, "result")
        costs[mode] = result["total_cost_usd"]
    assert costs["off"] == costs["accepting"] > 0


def words_of_subagents(lines: list[dict[str, Any]]) -> str:
    """Return what the answers to subagents say, joined."""
    blocks = [
        block
        for line in of_type(lines, "assistant")
        if line["parent_tool_use_id"]
        for block in line["message"]["content"]
    ]
    return " ".join(block.get("text", "") for block in blocks)


def events_in(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events as they came, whatever model they name."""
    events = [line["event"] for line in of_type(lines, "stream_event")]
    assert events[0]["type"] == "message_start"
    events[0]["message"].pop("model")
    return events
