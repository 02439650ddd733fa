"""N: what must not be drafted, each with the condition that it hangs on.

What binds a request to the verifier whatever the draft is stands with the fields.
"""

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

FOREIGN = "never drafted elsewhere"
LIMITS = "never drafted beyond what the draft's model takes"
TURNS = "never drafted in the middle of a turn"
ADAPTED = "the draft's copy, said its model's way"

_IMAGE: Json = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
}
_PDF: Json = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
}
_PLAIN: Json = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "Hi."},
}
_FILE: Json = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}
_CUSTOM: Json = {"name": "get_weather", "input_schema": {"type": "object"}}
_SEARCH: Json = {"type": "web_search_20260318", "name": "web_search"}
_SCHEMA: Json = {"type": "json_schema", "schema": {"type": "object"}}
_CALL: Json = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
_RESULT: Json = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Sun."}
_THINKING: Json = {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbg=="}
_SERVER_USE: Json = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {},
}
_JSON_TEXT: Json = {"type": "text", "text": "{}"}


def _row(
    number: str, what: str, source: str, body: bytes, why: str, **case: Any
) -> Case:
    return Case(
        id=f"N{number}",
        what=f"draft: {what}",
        source=source,
        body=body,
        reason=why and f"not_eligible:{why}",
        **{"answer": message()} | case,
    )


def _elsewhere(number: str, what: str, body: bytes, why: str = "", **case: Any) -> Case:
    """A draft at another provider."""
    terms = {"draft_model": "other-small"}
    return _row(number, what, FOREIGN, body, why, terms=terms, **case)


def _limited(
    number: str, what: str, draft: str, body: bytes, why: str = "", **case: Any
) -> Case:
    """A draft of a model of which something is known."""
    return _row(number, what, LIMITS, body, why, terms={"draft_model": draft}, **case)


_FOREIGN = (
    _elsewhere("001", "plain text may go elsewhere", request()),
    _elsewhere("002", "custom tools may", request(tools=[_CUSTOM])),
    _elsewhere("003", "images in the request may", request(user(_IMAGE))),
    _elsewhere("004", "a stream may", request(stream=True), answer=stream()),
    _elsewhere(
        "010",
        "safeguards",
        request(safeguards=[{"type": "dangerous_tool_use"}]),
        "safeguards",
    ),
    _elsewhere(
        "011",
        "mcp_servers",
        request(mcp_servers=[{"type": "url", "name": "m", "url": "https://m.example"}]),
        "mcp_servers",
    ),
    _elsewhere("012", "container", request(container="container_1"), "container"),
    _elsewhere("013", "inference_geo", request(inference_geo="us"), "inference_geo"),
    *(
        _elsewhere(
            f"02{n}", kind, request(tools=[_CUSTOM, {"type": kind}]), "provider_tool"
        )
        for n, kind in enumerate(
            (
                "web_search_20260318",
                "web_fetch_20260318",
                "code_execution_20260521",
                "computer_toolset_20260801",
                "browser_toolset_20260801",
                "mcp_toolset",
                "advisor_20260301",
                "bash_20250124",
            )
        )
    ),
    _elsewhere(
        "030",
        "defer_loading",
        request(tools=[_CUSTOM | {"defer_loading": True}]),
        "defer_loading",
    ),
    _elsewhere(
        "031",
        "allowed_callers beyond direct",
        request(tools=[_CUSTOM | {"allowed_callers": ["code_execution_20260521"]}]),
        "allowed_callers",
    ),
    _elsewhere("032", "a file by its id", request(user(_FILE)), "file_id"),
    _elsewhere(
        "033",
        "container_upload",
        request(user({"type": "container_upload", "file_id": "file_1"})),
        "file_id",
    ),
    _elsewhere(
        "034",
        "traces of server tools in the history",
        request(user("One?"), assistant(_SERVER_USE), user("Two?")),
        "provider_block",
    ),
    _elsewhere("035", "thread", request(thread={"type": "create"}), "thread"),
    _elsewhere("036", "max_tokens: 0", request(max_tokens=0), "max_tokens_zero"),
    _elsewhere("037", "speed: fast", request(speed="fast"), "speed_fast"),
)

_LONG = request(user("Read this: " + "lorem ipsum " * 3000))
_LIMITED = (
    _limited("101", "a prompt within the model's limit", "draft-short", request()),
    _limited("102", "a prompt beyond it", "draft-short", _LONG, "prompt_limit"),
    _limited("103", "max_tokens within", "draft-short", request(max_tokens=2000)),
    _limited(
        "104",
        "max_tokens beyond",
        "draft-short",
        request(max_tokens=2001),
        "output_limit",
    ),
    _limited("111", "an image", "draft-blind", request(user(_IMAGE)), "image_input"),
    _limited(
        "112",
        "an image in a tool's result before this turn",
        "draft-blind",
        request(
            user("Hi."),
            assistant(_CALL),
            user(_RESULT | {"content": [_IMAGE]}),
            assistant("Done."),
            user("And?"),
            tools=[_CUSTOM],
        ),
        "image_input",
    ),
    _limited("113", "a PDF", "draft-blind", request(user(_PDF)), "pdf_input"),
    _limited("114", "a document of text", "draft-blind", request(user(_PLAIN))),
    _limited(
        "115",
        "structured output",
        "draft-blind",
        request(output_config={"format": _SCHEMA}),
        "structured_outputs",
    ),
    _limited(
        "116",
        "output_format",
        "draft-blind",
        request(output_format=_SCHEMA),
        "structured_outputs",
    ),
    _limited(
        "117",
        "a strict tool",
        "draft-blind",
        request(tools=[_CUSTOM | {"strict": True}]),
        "structured_outputs",
    ),
    _limited(
        "118", "a server tool", "draft-blind", request(tools=[_SEARCH]), "server_tools"
    ),
    _limited("119", "plain text", "draft-blind", request()),
    _limited(
        "120",
        "structured output of a model that may know it",
        "draft-small",
        request(output_config={"format": _SCHEMA}),
        answer=message(_JSON_TEXT),
    ),
)

_PREFILLED = request(user("Count."), assistant("One, "))
_IN_TURN = (
    _limited("201", "prefill, nothing known", "draft-small", _PREFILLED, "prefill"),
    _limited("202", "prefill, refused", "draft-no-prefill", _PREFILLED, "prefill"),
    _limited("203", "prefill, taken", "draft-prefill", _PREFILLED),
    _row(
        "211",
        "a loop of tools that the verifier began",
        TURNS,
        request(user("Hi."), assistant(_CALL), user(_RESULT), tools=[_CUSTOM]),
        "tool_loop_of_verifier",
    ),
    _row(
        "212",
        "the same with its signed thinking",
        TURNS,
        request(
            user("Hi."), assistant(_THINKING, _CALL), user(_RESULT), tools=[_CUSTOM]
        ),
        "tool_loop_of_verifier",
    ),
    _row(
        "213",
        "a turn after such a loop",
        TURNS,
        request(
            user("Hi."),
            assistant(_THINKING, _CALL),
            user(_RESULT),
            assistant("Sunny."),
            user("Thanks."),
            tools=[_CUSTOM],
        ),
        "",
    ),
)


def _copied(
    number: str,
    what: str,
    draft: str,
    body: bytes,
    *adapted: tuple[bytes, bytes],
    **t: Any,
) -> Case:
    return Case(
        id=f"N{number}",
        what=f"draft's copy: {what}",
        source=ADAPTED,
        body=body,
        answer=message(_CALL) if b"get_weather" in body else message(),
        terms={"draft_model": draft} | t,
        adapted=adapted,
    )


_COPIED = (
    _copied(
        "301",
        "max_tokens, when the rule allows it",
        "draft-short",
        request(max_tokens=2001),
        (b'"max_tokens": 2001', b'"max_tokens": 2000'),
        clamp_max_tokens=True,
    ),
    _copied(
        "302",
        "a tool that may not be forced",
        "draft-old",
        request(tools=[_CUSTOM], tool_choice={"type": "any"}),
        (b'"tool_choice": {"type": "any"}', b'"tool_choice": {"type":"auto"}'),
    ),
    _copied(
        "303",
        "an effort it does not know",
        "draft-old",
        request(output_config={"effort": "max"}),
        (b'"output_config": {"effort": "max"}', b'"output_config": {"effort":"high"}'),
    ),
    _copied(
        "304",
        "sampling it refuses",
        "draft-old",
        request(temperature=0.5, stop_sequences=["END"]),
        (b'"temperature": 0.5, ', b""),
    ),
)

CASES = (*_FOREIGN, *_LIMITED, *_IN_TURN, *_COPIED)
