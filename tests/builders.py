"""Values for tests: one keyword per thing that matters, the rest plausible.

The cast: models `draft-small` and `verifier-large`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from metrics.types import Usage
from routing.dialects.anthropic import parse_request
from routing.facts import UNKNOWN, ModelFacts
from routing.sse import encode_event
from routing.types import (
    CascadePlan,
    ChatRequest,
    Completion,
    Headers,
    OnVerifierError,
    ProviderConfig,
    ResponseModel,
    RuleTerms,
    Target,
)

DRAFT = "draft-small"
VERIFIER = "verifier-large"


def make_body(text: str = "What is 2 + 2?", **fields: Any) -> bytes:
    """A request body; `fields` are top-level fields and win over the usual ones."""
    body = {
        "model": VERIFIER,
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": text}],
    }
    return msgspec.json.encode(body | fields)


def make_request(
    text: str = "What is 2 + 2?",
    *,
    headers: Headers = (),
    query: str = "",
    path: str = "/v1/messages",
    **fields: Any,
) -> ChatRequest:
    """A parsed request; `fields` are top-level fields of its body."""
    body = make_body(text, **fields)
    return parse_request(body, headers=headers, query=query, path=path)


def make_usage(
    input_tokens: int = 20,
    output_tokens: int = 10,
    *,
    cache_read: int = 0,
    cache_write_5m: int = 0,
    cache_write_1h: int = 0,
) -> Usage:
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read,
        cache_write_5m_tokens=cache_write_5m,
        cache_write_1h_tokens=cache_write_1h,
    )


def make_completion(
    text: str = "4",
    *,
    content: Any = None,
    stop_reason: Any = "end_turn",
    model: str = DRAFT,
    usage: Usage | None = None,
    **fields: Any,
) -> Completion:
    """An answer; `content` replaces the text block, `fields` are keys beside it."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}] if content is None else content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
    }
    return Completion(message=message | fields, usage=usage or make_usage())


def make_tool_use(
    name: str = "get_weather", arguments: Any = None, **fields: Any
) -> dict[str, Any]:
    """A `tool_use` block; `arguments` are its input, {} when not given."""
    block = {
        "type": "tool_use",
        "id": "toolu_1",
        "name": name,
        "input": {} if arguments is None else arguments,
    }
    return block | fields


def make_tool(name: str = "get_weather", schema: Any = None) -> dict[str, Any]:
    """A custom tool; any object is a valid input unless `schema` says otherwise."""
    return {
        "name": name,
        "input_schema": {"type": "object"} if schema is None else schema,
    }


def make_terms(
    *,
    name: str = "default",
    prior: float = 0.85,
    threshold: float = 0.7,
    draft_timeout_s: float = 60.0,
    on_verifier_error: OnVerifierError = "relay",
    response_model: ResponseModel = "requested",
    clamp_max_tokens: bool = False,
    text_share: float = 0.0,
) -> RuleTerms:
    return RuleTerms(
        name=name,
        prior=prior,
        threshold=threshold,
        draft_timeout_s=draft_timeout_s,
        on_verifier_error=on_verifier_error,
        response_model=response_model,
        clamp_max_tokens=clamp_max_tokens,
        text_share=text_share,
    )


def make_target(
    model: str = VERIFIER, *, provider: str = "main", facts: ModelFacts = UNKNOWN
) -> Target:
    config = ProviderConfig(
        name=provider, kind="anthropic", base_url=f"http://{provider}.test"
    )
    return Target(provider=config, model=model, facts=facts)


def make_plan(
    *,
    draft_provider: str = "main",
    draft_facts: ModelFacts = UNKNOWN,
    terms: RuleTerms | None = None,
) -> CascadePlan:
    """A cascade at one provider, unless `draft_provider` differs."""
    return CascadePlan(
        verifier=make_target(),
        draft=make_target(DRAFT, provider=draft_provider, facts=draft_facts),
        rule=terms or make_terms(),
    )


def make_events(
    *texts: str,
    model: str = DRAFT,
    usage: dict[str, Any] | None = None,
    stop_reason: Any = "end_turn",
) -> list[bytes]:
    """The events of a stream with one text block that grows by `texts`."""
    usage = usage or {"input_tokens": 20, "output_tokens": 10}
    message = make_completion(content=[], stop_reason=None, model=model).message
    started = {**message, "usage": {**usage, "output_tokens": 1}}
    ended = {"stop_reason": stop_reason, "stop_sequence": None}
    block = {"type": "text", "text": ""}
    return [
        make_event("message_start", message=started),
        make_event("content_block_start", index=0, content_block=block),
        *(make_delta(type="text_delta", text=text) for text in texts),
        make_event("content_block_stop", index=0),
        make_event("message_delta", delta=ended, usage=usage),
        make_event("message_stop"),
    ]


def make_delta(index: int = 0, **delta: Any) -> bytes:
    """The event of one delta to the block at `index`."""
    return make_event("content_block_delta", index=index, delta=delta)


def make_event(name: str, **data: Any) -> bytes:
    """One event whose data is the object of the keywords."""
    return encode_event(name, msgspec.json.encode({"type": name} | data))
