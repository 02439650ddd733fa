"""Vetoes that follow from how the draft ended."""

from __future__ import annotations

from routing.types import ChatRequest, Completion

_CUT_OFF = ("max_tokens", "model_context_window_exceeded")
# The provider waits to be called again with what it has so far.
_UNFINISHED = ("pause_turn", "compaction")
_THOUGHTS = ("thinking", "redacted_thinking")


def refusal(_: ChatRequest, draft: Completion) -> bool:
    """Return whether the model declined, by its stop reason and not by its words."""
    return draft.stop_reason == "refusal"


def cut_off(_: ChatRequest, draft: Completion) -> bool:
    """Return whether the draft hit a limit, or does not say why it stopped.

    The client's own `max_tokens` counts too: a longer answer was wanted than came.
    """
    reason = draft.stop_reason
    return not isinstance(reason, str) or not reason or reason in _CUT_OFF


def unfinished(_: ChatRequest, draft: Completion) -> bool:
    """Return whether the provider stopped midway to be called again."""
    return draft.stop_reason in _UNFINISHED


def empty(_: ChatRequest, draft: Completion) -> bool:
    """Return whether there is nothing but white space and thinking."""
    kinds = {str(block.get("type")) for block in draft.blocks}
    return not draft.text.strip() and kinds.issubset({"text", *_THOUGHTS})
