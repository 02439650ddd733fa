import dataclasses

import pytest

from routing.eligibility import reason_against
from routing.types import CascadePlan
from tests.builders import make_plan, make_request, make_target, make_tool

SIGNED = {"type": "thinking", "thinking": "", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "eHg"}
UNSIGNED = {"type": "thinking", "thinking": "Hm.", "signature": ""}
CALL = {"type": "tool_use", "id": "t1", "name": "read", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
FILE = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}


def user(*blocks):
    return {"role": "user", "content": list(blocks) or "Go on."}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks) or "Done."}


def why(*, foreign=False, **fields):
    plan = make_plan(draft_provider="other" if foreign else "main")
    return reason_against(make_request(**fields), plan)


def test_a_plain_request_may_be_drafted_anywhere():
    assert why() is None
    assert why(foreign=True) is None


def test_without_a_draft_there_is_nothing_to_forbid():
    request = make_request(thread={"type": "create"})
    assert reason_against(request, CascadePlan(verifier=make_target())) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"thread": {"type": "create"}}, "thread"),
        ({"compaction": {"type": "summarize"}}, "compaction"),
        (
            {"context_management": {"edits": [{"type": "compact_20260112"}]}},
            "compaction",
        ),
        ({"fallbacks": "default"}, "fallbacks"),
        ({"fallback_credit_token": "x"}, "fallback_credit_token"),
        ({"max_tokens": 0}, "max_tokens_zero"),
        ({"speed": "fast"}, "speed_fast"),
        ({"messages": [user(), assistant()]}, "prefill"),
    ],
)
def test_some_requests_are_the_verifiers_alone(fields, reason):
    assert why(**fields) == reason


@pytest.mark.parametrize(
    "fields",
    [
        {"thread": None},
        {"fallbacks": []},
        {"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}},
        {"max_tokens": 1},
        {"speed": "standard"},
        {"metadata": {"user_id": "fast"}, "diagnostics": {"previous_message_id": None}},
    ],
)
def test_what_only_looks_like_it_may_be_drafted(fields):
    assert why(**fields) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"safeguards": [{"type": "dangerous_tool_use"}]}, "safeguards"),
        ({"mcp_servers": [{"name": "docs"}]}, "mcp_servers"),
        ({"container": "box"}, "container"),
        ({"tools": [{"type": "web_search_20260318", "name": "w"}]}, "provider_tool"),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "provider_tool"),
        ({"tools": [{"type": "browser_toolset_20260801"}]}, "provider_tool"),
        ({"tools": [make_tool() | {"defer_loading": True}]}, "defer_loading"),
        ({"messages": [user(FILE)]}, "file_id"),
    ],
)
def test_what_one_provider_holds_only_it_can_honour(fields, reason):
    assert why(foreign=True, **fields) == reason
    assert why(foreign=False, **fields) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [make_tool(), make_tool("send") | {"type": "custom"}]},
        {"tools": [make_tool() | {"defer_loading": False}]},
        {"tools": "web_search_20260318"},
        {"mcp_servers": []},
        {"messages": [user({"type": "text", "text": '{"type":"file","file_id":1}'})]},
        {"messages": [user(), assistant(CALL | {"input": {"file_id": 7}}), user()]},
    ],
)
def test_a_foreign_draft_may_use_what_the_request_brings_along(fields):
    assert why(foreign=True, **fields) is None


class TestToolLoops:
    @pytest.mark.parametrize("thought", [SIGNED, REDACTED])
    def test_a_loop_with_signed_thinking_stays_with_the_verifier(self, thought):
        messages = [user(), assistant(thought, CALL), user(RESULT)]
        assert why(messages=messages) == "tool_loop_of_verifier"

    def test_a_loop_reaches_back_over_all_its_calls(self):
        messages = [
            user(),
            assistant(SIGNED, CALL),
            user(RESULT),
            assistant(CALL),
            user(RESULT),
            user({"type": "text", "text": "And hurry."}),
        ]
        assert why(messages=messages) == "tool_loop_of_verifier"

    def test_a_loop_may_be_all_there_is_of_a_conversation(self):
        messages = [assistant(SIGNED, CALL), user(RESULT)]
        assert why(messages=messages) == "tool_loop_of_verifier"

    def test_a_system_message_does_not_end_a_loop(self):
        messages = [
            user(),
            assistant(SIGNED, CALL),
            user(RESULT),
            {"role": "system", "content": "Ten files were read."},
        ]
        assert why(messages=messages) == "tool_loop_of_verifier"

    def test_thinking_of_an_earlier_loop_does_not_matter(self):
        messages = [
            user(),
            assistant(SIGNED, CALL),
            user(RESULT),
            assistant(),
            user(),
            assistant(CALL),
            user(RESULT),
        ]
        assert why(messages=messages) is None

    def test_a_new_question_may_be_drafted(self):
        assert why(messages=[user(), assistant(SIGNED, CALL), user()]) is None

    def test_unsigned_thinking_binds_nobody(self):
        messages = [user(), assistant(UNSIGNED, CALL), user(RESULT)]
        assert why(messages=messages) is None

    def test_a_text_about_signatures_binds_nobody(self):
        text = {"type": "text", "text": '{"type":"thinking","signature":"x"}'}
        messages = [user(), assistant(text, CALL), user(RESULT)]
        assert why(messages=messages) is None


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [None],
        ["hello"],
        [{"role": "user"}],
        [{"role": ["user"], "content": {"signature": 1}}],
        [{"content": 7}, {"role": "user", "content": [None, SIGNED]}],
    ],
)
def test_odd_conversations_are_left_to_the_provider(messages):
    assert why(foreign=True, messages=messages) is None


def test_a_clients_own_credential_never_goes_to_another_provider():
    request = dataclasses.replace(
        make_request(), credential=("x-api-key", "sk-of-the-client")
    )
    foreign = make_plan(draft_provider="other")

    assert reason_against(request, foreign) == "own_credential"
    assert reason_against(request, make_plan()) is None
