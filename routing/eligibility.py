"""May this request be drafted at all? The cheap questions, asked before any model is.

The order of the questions is the order of `docs/models.md`; the first that speaks
against a draft gives the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from routing.adapting import obstacle
from routing.economics import reason_against_cost
from routing.facts import ModelFacts
from routing.foreign import reason_against_foreign
from routing.prompt_size import estimated_prompt_tokens
from routing.request_parts import (
    PROVIDER_BLOCKS,
    SERVER_TOOLS,
    Types,
    asks_for,
    holds,
    members_of,
    tool_heads,
    turns,
)
from routing.types import NOTHING_RECALLED, CascadePlan, ChatRequest, Recalled, Target

# State a server keeps for the conversation, or terms agreed with one model: another
# model's answer would be no part of it. The field's name is the reason.
_BOUND_TO_VERIFIER = ("thread", "compaction", "fallbacks", "fallback_credit_token")

_STORED_START = "/v1/responses"
# No reason against a draft of the same provider, so none that a decision has.
_STORED = "stored_response"

# The estimate may be half again too high. A prompt that is too long after all costs a
# failed draft, one refused wrongly would cost every saving on it.
PROMPT_MARGIN = 1.5

_COMPACTED = Types("compaction")
_IMAGE = Types("image")
_DOCUMENT = Types("document")
# Documents of plain text or of blocks are no PDF.
_PDF = re.compile(rb'"application/pdf"|"type"\s*:\s*"(?:url|file)"')


def reason_against(
    request: ChatRequest, plan: CascadePlan, recalled: Recalled = NOTHING_RECALLED
) -> str | None:
    """Return why `request` must not be drafted, as a short word; None when it may be.

    What is not known of the draft's model speaks against a draft only where trying
    could not go well. Cost: one pass over the messages that builds no contents, and one
    over the bytes for each thing the model is known to lack.
    """
    if plan.draft is None:
        return None
    return reason_against_observing(request, plan, recalled) or reason_against_cost(
        request, plan, recalled
    )


def reason_against_observing(
    request: ChatRequest, plan: CascadePlan, recalled: Recalled
) -> str | None:
    """Return why the draft must not even be asked for nobody; None when it may be.

    Whether it would pay is no question there: that is what is to be found out.
    """
    if plan.draft is None:
        return None
    return (
        _by_memory(recalled)
        or _bound_to_dialect(request, plan.draft)
        or _bound_to_verifier(request)
        or reason_against_asking(request, plan.draft, plan)
    )


def reason_against_asking(
    request: ChatRequest, other: Target, plan: CascadePlan
) -> str | None:
    """Return why `other` cannot be asked in the verifier's place; None when it can."""
    foreign = other.provider.name != plan.verifier.provider.name
    return (
        _prefilled(request, other.facts)
        or (reason_against_foreign(request) if foreign else None)
        or _beyond(request, other.facts)
        or obstacle(request, other, plan.rule)
    )


def reason_to_stay(request: ChatRequest) -> str | None:
    """Return what binds `request` to the provider it was meant for; None if nothing.

    For legs that are no drafts: no credential, state or promise of one provider may
    reach another.
    """
    return (
        _bound_to_account(request)
        or _bound_to_verifier(request)
        or reason_against_foreign(request)
    )


def _bound_to_account(request: ChatRequest) -> str | None:
    """A request of the Responses API names what its provider stored, and is stored.

    It holds ids of answers and files, sealed reasoning, and keys of MCP servers.
    Source: OpenAI API reference, "Responses": `store` is true unless told otherwise.
    """
    native = request.native
    stored = native is not None and native.path.startswith(_STORED_START)
    return _STORED if stored else None


def _by_memory(recalled: Recalled) -> str | None:
    """A loop of tools ends with the model that began it: no other has its thoughts.

    Source: Anthropic documentation, "Extended thinking with tool use".
    """
    if recalled.draft_down:
        return "draft_down"
    if recalled.in_tool_loop and not recalled.loop_of_draft:
        return "tool_loop_of_verifier"
    return None


def _bound_to_dialect(request: ChatRequest, draft: Target) -> str | None:
    """A judge reads the internal form, and a draft of another dialect answers it."""
    native = request.native
    if native is None or (native.judgeable and not native.beyond):
        return None
    spoken = native.judgeable and draft.provider.dialect == "openai"
    return None if spoken else "other_dialect"


def _bound_to_verifier(request: ChatRequest) -> str | None:
    for name in _BOUND_TO_VERIFIER:
        if asks_for(request, name):
            return name
    if _is_compacted(request):
        return "compaction"
    if request.max_tokens == 0:
        return "max_tokens_zero"
    return "speed_fast" if holds(request, "speed", (b'"fast"',)) else None


def _is_compacted(request: ChatRequest) -> bool:
    """Whether the history is, or may be, replaced by a summary with a signature."""
    asked = holds(request, "context_management", (b'"compact_',))
    return asked or _COMPACTED.among(request, "messages")


def _prefilled(request: ChatRequest, facts: ModelFacts) -> str | None:
    """Most models refuse to go on with words of ours, so that must be known."""
    if facts.prefill:
        return None
    conversation = turns(request)
    if conversation and conversation[-1].role == "assistant":
        return "prefill"
    return None


def _beyond(request: ChatRequest, facts: ModelFacts) -> str | None:
    """Return what the request holds that the draft's model is known not to take."""
    if _too_long(request, facts.max_input_tokens):
        return "prompt_limit"
    for name, holds_it in _NEEDED_FOR.items():
        if getattr(facts, name) is False and holds_it(request):
            return name
    return None


def _too_long(request: ChatRequest, limit: int | None) -> bool:
    # No byte is more than a token, so most requests need no estimate.
    if limit is None or len(request.body) <= limit:
        return False
    return estimated_prompt_tokens(request) > limit * PROMPT_MARGIN


def _holds_image(request: ChatRequest) -> bool:
    return _IMAGE.among(request, "messages")


def _holds_pdf(request: ChatRequest) -> bool:
    if not _DOCUMENT.among(request, "messages"):
        return False
    return bool(_PDF.search(request.fields["messages"]))


def _asks_for_structure(request: ChatRequest) -> bool:
    output = members_of(request, "output_config") or {}
    if bytes(output.get("format", b"null")) != b"null":
        return True
    if asks_for(request, "output_format"):  # as it was called before
        return True
    return holds(request, "tools", (b'"strict"',)) and any(
        tool.strict for tool in tool_heads(request)
    )


def _uses_server_tools(request: ChatRequest) -> bool:
    if any(tool.kind.startswith(SERVER_TOOLS) for tool in tool_heads(request)):
        return True
    return PROVIDER_BLOCKS.among(request, "messages")


# The fact that a request may need, which is the reason too, and what tells the need.
_NEEDED_FOR: dict[str, Callable[[ChatRequest], bool]] = {
    "image_input": _holds_image,
    "pdf_input": _holds_pdf,
    "structured_outputs": _asks_for_structure,
    "server_tools": _uses_server_tools,
}
