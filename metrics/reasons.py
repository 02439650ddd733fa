"""The reason of a decision -> a sentence for people. The only place that does so.

The names are those of `docs/quality.md` and `docs/models.md`.
"""

from __future__ import annotations

# What the draft did; each stands after "The draft".
VETOES = {
    "refusal": "was refused by its model",
    "cut_off": "was cut off before its end",
    "unfinished": "stopped half-way: its provider wanted to be called again",
    "empty": "holds no answer",
    "unknown_tool": "calls a tool that the request does not offer",
    "invalid_tool_input": "calls a tool with an input that violates its schema",
    "forced_tool_not_called": "calls no tool, or another one, though one was demanded",
    "tool_call_in_text": "writes the call of a tool as text",
    "invalid_structured_output": "is not the JSON that the request declared",
    "unclosed_code_fence": "ends within a block of code",
    "repetition_loop": "ends in the same words over and over",
    "prompt_echo": "is the prompt again",
}
# Why no draft was asked; each is a sentence of its own.
NOT_ELIGIBLE = {
    "draft_down": "The draft's model keeps failing: its circuit breaker is open.",
    "tool_loop_of_verifier": "The results of tools came back that the draft is not "
    "known to have called, and a loop of tools ends with the model that began it.",
    "other_dialect": "It asks for something that only its client's own dialect can "
    "say.",
    "thread": "The provider holds the conversation (thread).",
    "compaction": "The history is, or may be, replaced by a summary that is bound to "
    "the verifier (compaction).",
    "fallbacks": "Its terms are agreed with one model (fallbacks).",
    "fallback_credit_token": "Its terms are agreed with one model "
    "(fallback_credit_token).",
    "max_tokens_zero": "It only warms the verifier's prompt cache (max_tokens is 0).",
    "speed_fast": "It asks for the verifier's fast mode.",
    "prefill": "The conversation ends with the assistant, and the draft's model is not "
    "known to go on from there.",
    "own_credential": "It came with the client's own provider key, and the draft is at "
    "another provider.",
    "safeguards": "The provider is to classify its tool calls, and the draft is at "
    "another one.",
    "mcp_servers": "The provider is to call MCP servers, and the draft is at another "
    "one.",
    "container": "It uses a container that the provider holds, and the draft is at "
    "another one.",
    "inference_geo": "It says where data may be processed, and the draft is at another "
    "provider.",
    "provider_tool": "It offers a tool that the provider runs or defines, and the "
    "draft is at another one.",
    "defer_loading": "It offers a tool that is loaded by the provider's search, and "
    "the draft is at another one.",
    "allowed_callers": "It offers a tool that the provider's code may call, and the "
    "draft is at another one.",
    "file_id": "It names a file that the provider holds, and the draft is at another "
    "one.",
    "provider_block": "The messages hold traces of what the provider ran, and the "
    "draft is at another one.",
    "prompt_limit": "The prompt is too long for the draft's model.",
    "image_input": "It holds an image, which the draft's model does not take.",
    "pdf_input": "It holds a PDF, which the draft's model does not take.",
    "structured_outputs": "It declares its output, which the draft's model does not "
    "honour.",
    "server_tools": "It uses tools run by the provider, which the draft's model cannot "
    "use.",
    "output_limit": "Its max_tokens is above what the draft's model can write, and the "
    "rule does not clamp it.",
    "thinking_disabled": "It turns thinking off, and the draft's model always thinks.",
    "clear_thinking": "It clears earlier thinking, which would be refused of the draft "
    "without thinking.",
    "economics": "A draft was not worth its money: with it, this request was expected "
    "to cost more than the verifier alone.",
    "paused": "The rule is paused: so few of its drafts are accepted that they cost "
    "more than they save.",
}
OTHERS = {
    "low_confidence": "No veto fired, and the confidence is below the threshold.",
    "draft_error": "The draft's call failed. That is never an error of the client's.",
    "draft_timeout": "The draft took longer than its rule lets it.",
    "forced:draft": "The client chose the draft's model for this request.",
    "forced:verifier": "The client chose the verifier for this request.",
    "switched_off": "Drafts were switched off.",
    "unsupported": "The rule is new, and neither a second opinion nor a judge spoke "
    "for the draft.",
    "observed": "The rule only observes: the verifier answered, and the draft was "
    "judged beside it once the answer had gone.",
}


def words_for(reason: str) -> str | None:
    """Return `reason` as a sentence; None when nobody taught us that one."""
    family, _, name = reason.partition(":")
    if family == "veto" and name in VETOES:
        return (
            f"The draft {VETOES[name]}. That is a veto: it escalates whatever the "
            "confidence."
        )
    if family == "not_eligible" and name in NOT_ELIGIBLE:
        return f"No draft was asked. {NOT_ELIGIBLE[name]}"
    return OTHERS.get(reason)
