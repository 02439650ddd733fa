"""Why an answer ended, in the words of either API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Source: OpenAI API reference, `finish_reason`; Anthropic's, `stop_reason`.
_TO_MESSAGES = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_TO_CHAT = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def stop_reason(finish_reason: Any, *, calls_tools: bool, refused: bool = False) -> str:
    """Return the `stop_reason` of an answer that a Chat Completions server gave.

    Some say `stop` with tool calls in the answer; what counts is the calls. An answer
    cut off by its limit stays so.
    """
    if refused:
        return "refusal"
    told = _TO_MESSAGES.get(str(finish_reason), "end_turn")
    return "tool_use" if calls_tools and told == "end_turn" else told


def ending(
    choice: Mapping[str, Any], *, calls_tools: bool, refused: bool
) -> tuple[str, str | None]:
    """Return the `stop_reason` and the `stop_sequence` of a choice that has ended."""
    reason = stop_reason(
        choice.get("finish_reason"), calls_tools=calls_tools, refused=refused
    )
    stopped = matched_stop(choice)
    if stopped and reason == "end_turn":
        return "stop_sequence", stopped
    return reason, None


def finish_reason(stop_reason: Any) -> str:
    """Return the `finish_reason` for a `stop_reason`; `stop` for those without twin."""
    return _TO_CHAT.get(str(stop_reason), "stop")


def matched_stop(choice: Mapping[str, Any]) -> str | None:
    """Return the stop sequence that ended a choice, where a server tells it (vLLM)."""
    told = choice.get("stop_reason")
    return told if isinstance(told, str) and told else None
