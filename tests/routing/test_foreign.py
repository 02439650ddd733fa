"""What only the client's own provider can honour."""

from __future__ import annotations

import dataclasses

import pytest

from routing.eligibility import reason_against
from routing.foreign import reason_against_foreign
from tests.builders import make_plan, make_request, make_tool

CALL = {"type": "tool_use", "id": "t1", "name": "read", "input": {"file_id": 7}}
FILE = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
UPLOAD = {"type": "container_upload", "file_id": "file_1"}


def user(*blocks):
    return {"role": "user", "content": list(blocks) or "Go on."}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def result(*content):
    return {"type": "tool_result", "tool_use_id": "t1", "content": list(content)}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"safeguards": [{"type": "dangerous_tool_use"}]}, "safeguards"),
        ({"mcp_servers": [{"name": "docs"}]}, "mcp_servers"),
        ({"container": "box"}, "container"),
        ({"container": {"id": "box", "skills": []}}, "container"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"tools": [{"type": "web_search_20260318", "name": "w"}]}, "provider_tool"),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "provider_tool"),
        ({"tools": [{"type": "browser_toolset_20260801"}]}, "provider_tool"),
        ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "a"}]}, "provider_tool"),
        ({"tools": [{"type": "advisor_20260301"}]}, "provider_tool"),
        ({"tools": [make_tool() | {"defer_loading": True}]}, "defer_loading"),
        (
            {"tools": [make_tool() | {"allowed_callers": ["code_execution_20260521"]}]},
            "allowed_callers",
        ),
        ({"messages": [user(FILE)]}, "file_id"),
        ({"messages": [user(UPLOAD)]}, "file_id"),
        ({"messages": [assistant(CALL), user(result(FILE))]}, "file_id"),
        ({"system": [{"type": "text", "text": "x"}, FILE]}, "file_id"),
        ({"messages": [assistant({"type": "server_tool_use"})]}, "provider_block"),
        ({"messages": [assistant({"type": "mcp_tool_result"})]}, "provider_block"),
        ({"messages": [user(result({"type": "tool_reference"}))]}, "provider_block"),
        ({"messages": [assistant({"type": "fallback", "to": {}})]}, "provider_block"),
        (
            {"messages": [{"role": "system", "content": [{"type": "tool_removal"}]}]},
            "provider_block",
        ),
    ],
)
def test_what_one_provider_holds_only_it_can_honour(fields, reason):
    request = make_request(**fields)
    assert reason_against_foreign(request) == reason
    assert reason_against(request, make_plan(draft_provider="other")) in (
        reason,
        "prefill",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [make_tool(), make_tool("send") | {"type": "custom"}]},
        {"tools": [make_tool("server_tool_use") | {"defer_loading": False}]},
        {"tools": [make_tool() | {"allowed_callers": ["direct"]}]},
        {"tools": [make_tool() | {"allowed_callers": None}]},
        {"tools": "web_search_20260318"},
        {"mcp_servers": [], "container": None, "inference_geo": None},
        {"messages": [user({"type": "text", "text": '{"type":"file","file_id":1}'})]},
        {"messages": [user(), assistant(CALL), user(result())]},
        {"messages": [user({"type": "image", "source": {"type": "base64"}})]},
        {"messages": [assistant({"type": "thinking", "signature": "c2ln"}), user()]},
        {"cache_control": {"type": "ephemeral"}, "diagnostics": {}},
        {"service_tier": "standard_only", "metadata": {"user_id": "u"}},
        {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}},
    ],
)
def test_what_the_request_brings_along_another_may_use(fields):
    assert reason_against_foreign(make_request(**fields)) is None


def test_a_clients_own_credential_never_goes_to_another_provider():
    request = dataclasses.replace(
        make_request(), credential=("x-api-key", "sk-of-the-client")
    )
    assert reason_against_foreign(request) == "own_credential"
    assert reason_against(request, make_plan()) is None


@pytest.mark.parametrize("field", ["safeguards", "mcp_servers", "container"])
def test_a_draft_of_the_same_provider_may_answer(field):
    assert reason_against(make_request(**{field: ["x"]}), make_plan()) is None
