"""B: every content block, in a request, in a whole answer and in a stream."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import (
    Json,
    assistant,
    message,
    request,
    stream,
    user,
)

GA = "content blocks"
BETA = "content blocks in beta"
_TEXT = {"type": "text", "text": "Look."}
_BASE64 = {"type": "base64", "media_type": "image/png", "data": "aGk="}
_PDF = {"type": "base64", "media_type": "application/pdf", "data": "aGk="}
_URL = {"type": "url", "url": "https://example.com/a"}
_FILE = {"type": "file", "file_id": "file_1"}
_PLAIN = {"type": "text", "media_type": "text/plain", "data": "Plain."}
_CITED = {
    "type": "char_location",
    "cited_text": "Plain.",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 6,
}
_USE = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"c": 1}}
_TOOLS = [{"name": "get_weather", "input_schema": {"type": "object"}}]
_SEARCH: Json = {
    "type": "search_result",
    "source": "https://example.com",
    "title": "T",
    "content": [_TEXT],
    "citations": {"enabled": True},
}


def _server_use(name: str) -> Json:
    return {"type": "server_tool_use", "id": "srvtoolu_1", "name": name, "input": {}}


def _result(kind: str, content: Any, **keys: Any) -> Json:
    return {"type": kind, "tool_use_id": "srvtoolu_1", "content": content, **keys}


_FOUND = {
    "type": "web_search_result",
    "url": "https://example.com",
    "title": "T",
    "encrypted_content": "ZW4=",
    "page_age": None,
}
_FETCHED = {
    "type": "web_fetch_result",
    "url": "https://example.com",
    "content": {"type": "document", "source": _PLAIN},
    "retrieved_at": None,
}
_RAN = {
    "type": "code_execution_result",
    "stdout": "4\n",
    "stderr": "",
    "return_code": 0,
    "content": [],
}
_WEB_SEARCH = _result("web_search_tool_result", [_FOUND])
_WEB_FETCH = _result("web_fetch_tool_result", _FETCHED)
_CODE = _result("code_execution_tool_result", _RAN)
_BASH = _result(
    "bash_code_execution_tool_result", {**_RAN, "type": "bash_code_execution_result"}
)
_EDITOR = _result(
    "text_editor_code_execution_tool_result",
    {"type": "text_editor_code_execution_create_result", "is_file_update": False},
)
_TOOL_SEARCH = _result(
    "tool_search_tool_result",
    {
        "type": "tool_search_tool_search_result",
        "tool_references": [{"type": "tool_reference", "tool_name": "get_weather"}],
    },
)
_ADVISOR = _result("advisor_tool_result", {"type": "advisor_result", "text": "Do."})
_CONTAINER = {"type": "container_upload", "file_id": "file_1"}
_MCP_USE = {
    "type": "mcp_tool_use",
    "id": "mcptoolu_1",
    "name": "echo",
    "server_name": "m",
    "input": {"p": 1},
}
_MCP_RESULT = {
    "type": "mcp_tool_result",
    "tool_use_id": "mcptoolu_1",
    "is_error": False,
    "content": [_TEXT],
}
_MCP_LISTING = {"type": "mcp_tool_listing", "mcp_server_name": "m", "tools": []}
_COMPACTION = {"type": "compaction", "content": "So far.", "signature": "c2ln"}
_FALLBACK = {
    "type": "fallback",
    "from": {"model": "a"},
    "to": {"model": "b"},
    "trigger": {"type": "refusal"},
}
_THINKING = {"type": "thinking", "thinking": "Hm, four?", "signature": "c2lnbg=="}
_REDACTED = {"type": "redacted_thinking", "data": "cmVk"}

USER_BLOCKS: tuple[tuple[str, str, str, Json], ...] = (
    ("001", "text", GA, _TEXT),
    (
        "002",
        "text with cache_control",
        GA,
        _TEXT | {"cache_control": {"type": "ephemeral"}},
    ),
    ("003", "image: base64", GA, {"type": "image", "source": _BASE64}),
    ("004", "image: url", GA, {"type": "image", "source": _URL}),
    ("005", "image: file", GA, {"type": "image", "source": _FILE}),
    (
        "006",
        "image with transformations",
        GA,
        {"type": "image", "source": _URL, "transformations": [{"type": "resize"}]},
    ),
    ("007", "document: base64 pdf", GA, {"type": "document", "source": _PDF}),
    ("008", "document: text", GA, {"type": "document", "source": _PLAIN}),
    (
        "009",
        "document: content",
        GA,
        {"type": "document", "source": {"type": "content", "content": [_TEXT]}},
    ),
    ("010", "document: url", GA, {"type": "document", "source": _URL}),
    ("011", "document: file", GA, {"type": "document", "source": _FILE}),
    (
        "012",
        "document with citations, context, title",
        GA,
        {
            "type": "document",
            "source": _PLAIN,
            "citations": {"enabled": True},
            "context": "C",
            "title": "T",
        },
    ),
    ("013", "search_result", GA, _SEARCH),
    ("014", "container_upload", GA, _CONTAINER),
    (
        "015",
        "tool_addition",
        BETA,
        {"type": "tool_addition", "tool": {"name": "t", "input_schema": {}}},
    ),
    ("016", "tool_removal", BETA, {"type": "tool_removal", "tool": {"name": "t"}}),
    ("017", "a block of an unknown type", "unknown", {"type": "hologram", "d": [1]}),
)

_STATE = {"type": "browser_state", "tabs": [{"id": "1"}], "state_changes": []}
RESULTS: tuple[tuple[str, str, Any, Json], ...] = (
    ("021", "a string", "Sunny.", {}),
    ("022", "text", [_TEXT], {}),
    ("023", "image", [{"type": "image", "source": _BASE64}], {}),
    ("024", "document", [{"type": "document", "source": _PDF}], {}),
    ("025", "search_result", [_SEARCH], {}),
    ("026", "tool_reference", [{"type": "tool_reference", "tool_name": "t"}], {}),
    ("027", "browser_state", [_STATE], {}),
    ("028", "is_error", "It broke.", {"is_error": True}),
    ("029", "toolset_name", "Done.", {"toolset_name": "browser"}),
)

HISTORY: tuple[tuple[str, str, str, tuple[Json, ...]], ...] = (
    ("041", "text with citations", GA, (_TEXT | {"citations": [_CITED]},)),
    ("042", "thinking", GA, (_THINKING, _TEXT)),
    ("043", "redacted_thinking", GA, (_REDACTED, _TEXT)),
    ("044", "web_search_tool_result", GA, (_server_use("web_search"), _WEB_SEARCH)),
    ("045", "web_fetch_tool_result", GA, (_server_use("web_fetch"), _WEB_FETCH)),
    ("046", "code_execution_tool_result", GA, (_server_use("code_execution"), _CODE)),
    (
        "047",
        "bash_code_execution_tool_result",
        GA,
        (_server_use("bash_code_execution"), _BASH),
    ),
    (
        "048",
        "text_editor_code_execution_tool_result",
        GA,
        (_server_use("text_editor_code_execution"), _EDITOR),
    ),
    ("049", "tool_search_tool_result", GA, (_server_use("tool_search"), _TOOL_SEARCH)),
    ("050", "advisor_tool_result", BETA, (_server_use("advisor"), _ADVISOR)),
    ("051", "mcp_tool_use, mcp_tool_result", BETA, (_MCP_USE, _MCP_RESULT)),
    ("052", "mcp_tool_listing", BETA, (_MCP_LISTING,)),
    ("053", "compaction", BETA, (_COMPACTION,)),
    ("054", "fallback", BETA, (_FALLBACK, _TEXT)),
)

OUT: tuple[tuple[str, str, str, tuple[Json, ...]], ...] = (
    ("01", "text", GA, (_TEXT,)),
    ("02", "text with citations", GA, (_TEXT | {"citations": [_CITED]},)),
    ("03", "thinking", GA, (_THINKING, _TEXT)),
    ("04", "thinking, omitted", GA, (_THINKING | {"thinking": ""}, _TEXT)),
    ("05", "redacted_thinking", GA, (_REDACTED, _TEXT)),
    ("06", "tool_use", GA, (_TEXT, _USE)),
    ("07", "tool_use, several at once", GA, (_USE, _USE | {"id": "toolu_2"})),
    ("08", "tool_use with caller", GA, (_USE | {"caller": {"type": "direct"}},)),
    (
        "09",
        "tool_use of a toolset",
        GA,
        (_USE | {"name": "browser_click", "toolset_name": "browser"},),
    ),
    ("10", "server_tool_use", GA, (_server_use("web_search"), _WEB_SEARCH, _TEXT)),
    ("11", "web_fetch_tool_result", GA, (_server_use("web_fetch"), _WEB_FETCH, _TEXT)),
    ("12", "code_execution_tool_result", GA, (_server_use("code_execution"), _CODE)),
    ("13", "bash_code_execution_tool_result", GA, (_server_use("bash"), _BASH)),
    ("14", "text_editor_code_execution_tool_result", GA, (_server_use("e"), _EDITOR)),
    ("15", "tool_search_tool_result", GA, (_server_use("tool_search"), _TOOL_SEARCH)),
    ("16", "container_upload", GA, (_CONTAINER, _TEXT)),
    ("17", "advisor_tool_result", BETA, (_server_use("advisor"), _ADVISOR, _TEXT)),
    ("18", "mcp_tool_use, mcp_tool_result", BETA, (_MCP_USE, _MCP_RESULT, _TEXT)),
    ("19", "mcp_tool_listing", BETA, (_MCP_LISTING, _TEXT)),
    ("20", "compaction", BETA, (_COMPACTION, _TEXT)),
    ("21", "fallback", BETA, (_FALLBACK, _TEXT)),
    ("22", "a block of an unknown type", "unknown", ({"type": "hologram"}, _TEXT)),
)


# A loop of tools whose beginning nobody remembers.
_LOOP = "not_eligible:tool_loop_of_verifier"
_COMPACTED = "not_eligible:compaction"


def _asked(number: str, what: str, source: str, body: bytes, reason: str = "") -> Case:
    return Case(
        id=f"B{number}",
        what=f"block in: {what}",
        source=source,
        body=body,
        answer=message(),
        reason=reason,
    )


def _results(content: Any, keys: Json) -> bytes:
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}
    turns = (user("Weather?"), assistant(_USE), user(result | keys))
    return request(*turns, tools=_TOOLS)


IN = (
    *(_asked(n, what, src, request(user(_TEXT, b))) for n, what, src, b in USER_BLOCKS),
    *(
        _asked(number, f"tool_result: {what}", GA, _results(content, keys), _LOOP)
        for number, what, content, keys in RESULTS
    ),
    _asked("030", "tool_use", GA, _results("Sunny.", {}), _LOOP),
    *(
        _asked(
            n,
            what,
            src,
            request(user("One?"), assistant(*blocks), user("Two?")),
            _COMPACTED if what == "compaction" else "",
        )
        for n, what, src, blocks in HISTORY
    ),
)

WHOLE = tuple(
    Case(
        id=f"B1{number}",
        what=f"block out: {what}",
        source=source,
        body=request(tools=_TOOLS),
        answer=message(*blocks),
    )
    for number, what, source, blocks in OUT
)

STREAMED = tuple(
    Case(
        id=f"B2{number}",
        what=f"block out, streamed: {what}",
        source=source,
        body=request(tools=_TOOLS, stream=True),
        answer=stream(*blocks),
    )
    for number, what, source, blocks in OUT
)

CASES = (*IN, *WHOLE, *STREAMED)
