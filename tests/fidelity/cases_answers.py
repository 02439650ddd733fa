"""A: every key of an answer, every stop reason, every count of its usage."""

from __future__ import annotations

from typing import Any

from tests.fidelity.case import Case
from tests.fidelity.messages import (
    TEXT,
    USAGE,
    Json,
    message,
    request,
    stream,
    whole,
)

KEYS = "response message"
USED = "response message, usage"
_REFUSED = {"type": "refusal", "category": "cyber", "explanation": "No."}
_CONTAINER = {"id": "container_1", "expires_at": "2026-11-23T18:00:00Z"}
_EDIT = {"type": "clear_tool_uses_20250919", "cleared_tool_uses": 2}
_DROPPED = {"type": "thinking_dropped", "reason": "model_binding_mismatch"}
_VERDICT = {"type": "evaluated", "outcome": "not_flagged"}
_SAFE = [
    {
        "type": "dangerous_tool_use",
        "status": {"type": "available", "tool_uses": {"toolu_1": _VERDICT}},
    }
]


def _pair(number: int, what: str, source: str, **told: Any) -> tuple[Case, Case]:
    """The same answer whole and as a stream; `told` are keys of either."""
    reason = told.pop("reason", "")
    fields = told.pop("fields", {})
    whole_row = Case(
        id=f"A{number:03}",
        what=f"answer: {what}",
        source=source,
        body=request(**fields),
        answer=message(**told),
        reason=reason,
    )
    streamed = Case(
        id=f"A{number + 500}",
        what=f"answer, streamed: {what}",
        source=source,
        body=request(**fields, stream=True),
        answer=stream(**told),
        reason=reason,
    )
    return whole_row, streamed


_STOPS: tuple[tuple[int, str, str, Json], ...] = (
    (1, "end_turn", "", {}),
    (2, "max_tokens", "veto:cut_off", {}),
    (3, "stop_sequence", "", {"stop_sequence": "END"}),
    (4, "tool_use", "", {}),
    (5, "pause_turn", "veto:unfinished", {}),
    (6, "refusal", "veto:refusal", {"stop_details": _REFUSED}),
    (7, "model_context_window_exceeded", "veto:cut_off", {}),
    (8, "compaction", "veto:unfinished", {}),
    (9, "a_reason_of_next_year", "", {}),
)

_KEYS: tuple[tuple[int, str, Json], ...] = (
    (21, "stop_details: null", {"stop_details": None}),
    (22, "container", {"container": _CONTAINER}),
    (23, "container: null", {"container": None}),
    (24, "diagnostics", {"diagnostics": {"cache_miss": {"reason": "model_changed"}}}),
    (25, "context_management", {"context_management": {"applied_edits": [_EDIT]}}),
    (26, "input_transformations", {"input_transformations": [_DROPPED]}),
    (27, "safeguard_results", {"safeguard_results": _SAFE}),
    (28, "an unknown key", {"x_next_year": [1e2, None, "\u2028"]}),
)

_ITERATION = {"type": "message", "model": "@SERVED@", "input_tokens": 1}
_USAGES: tuple[tuple[int, str, Json], ...] = (
    (41, "input_tokens, output_tokens", {}),
    (42, "cache_creation_input_tokens", {"cache_creation_input_tokens": 30}),
    (43, "cache_read_input_tokens", {"cache_read_input_tokens": 2000}),
    (
        44,
        "cache_creation",
        {
            "cache_creation_input_tokens": 30,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 10,
                "ephemeral_1h_input_tokens": 20,
            },
        },
    ),
    (45, "output_tokens_details", {"output_tokens_details": {"thinking_tokens": 4}}),
    (
        46,
        "server_tool_use",
        {"server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0}},
    ),
    (47, "service_tier: standard", {"service_tier": "standard"}),
    (48, "service_tier: priority", {"service_tier": "priority"}),
    (49, "service_tier: batch", {"service_tier": "batch"}),
    (50, "inference_geo", {"inference_geo": "us"}),
    (51, "speed", {"speed": "standard"}),
    (52, "iterations, each with its model", {"iterations": [_ITERATION, _ITERATION]}),
    (53, "fallback_credit", {"fallback_credit": {"token": "fct_1"}}),
    (54, "null counts", {"cache_read_input_tokens": None, "cache_creation": None}),
    (55, "an unknown count", {"x_tokens": 7}),
)

# Answers that a reader who parses and writes again would not give back as they were.
_SPELLED = (
    b' {"id":"msg_@LEG@" , "type":"message","role":"assistant",\n'
    b'"content":[{"type":"text","text":"caf\\u00e9 \\/ \\"model\\":\\"x\\"","n":1e2}],'
    b'"usage":{"input_tokens":20,"output_tokens":10,"model":"@SERVED@"},'
    b'"stop_reason":"end_turn","stop_sequence":null, "model" : "@MODEL@" } \n'
)
_NO_MODEL = (
    b'{"type":"message","content":[{"type":"text","text":"Hi."}],'
    b'"stop_reason":"end_turn"}'
)


def _odd(number: int, what: str, answer: Any, **case: Any) -> Case:
    return Case(
        id=f"A{number:03}",
        what=f"answer: {what}",
        source="byte for byte",
        body=request(),
        answer=answer,
        **case,
    )


CASES = (
    *(
        case
        for number, stop, reason, keys in _STOPS
        for case in _pair(
            number,
            f"stop_reason: {stop}",
            KEYS,
            stop_reason=stop,
            reason=reason,
            **keys,
        )
    ),
    *(
        case
        for number, what, keys in _KEYS
        for case in _pair(number, what, KEYS, **keys)
    ),
    *(
        case
        for number, what, usage in _USAGES
        for case in _pair(number, f"usage: {what}", USED, usage=USAGE | usage)
    ),
    _odd(71, "white space, escapes, key order", whole(_SPELLED)),
    _odd(72, "no model", whole(_NO_MODEL)),
    _odd(73, "no content", message(content=[]), reason="veto:empty"),
    _odd(
        74,
        "a megabyte",
        message(TEXT | {"text": " ".join(f"word{n}" for n in range(120_000))}),
    ),
    Case(
        id="A075",
        what="answer: another verifier under the requested name",
        source="response_model: requested",
        body=request(),
        answer=whole(_SPELLED),
        terms={"verifier_model": "verifier-large"},
    ),
    Case(
        id="A076",
        what="answer: the model that answered under its own name",
        source="response_model: served",
        body=request(),
        answer=whole(_SPELLED),
        terms={"response_model": "served", "verifier_model": "verifier-large"},
    ),
    Case(
        id="A575",
        what="answer, streamed: another verifier under the requested name",
        source="response_model: requested",
        body=request(stream=True),
        answer=stream(),
        terms={"verifier_model": "verifier-large"},
    ),
    Case(
        id="A576",
        what="answer, streamed: the model that answered under its own name",
        source="response_model: served",
        body=request(stream=True),
        answer=stream(),
        terms={"response_model": "served", "verifier_model": "verifier-large"},
    ),
)
