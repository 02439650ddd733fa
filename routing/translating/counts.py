"""Usage of one API as the other reports it.

Chat Completions counts cached tokens within `prompt_tokens`, the Messages API beside
`input_tokens`. Source: both API references, `usage`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.translating.values import Json, count, mapping

# Says of a usage that nobody counted it; see `routing.usage`.
ESTIMATED = "estimated"
CHARS_PER_TOKEN = 4


def messages_usage(usage: Any) -> Json | None:
    """Return a Chat Completions usage in the classes of the Messages API; None if none.

    Each token is in one class alone. More cached tokens than the prompt has are read as
    the whole prompt.
    """
    prompt = count(mapping(usage).get("prompt_tokens"))
    completion = count(mapping(usage).get("completion_tokens"))
    if prompt is None and completion is None:
        return None
    details = mapping(usage, "prompt_tokens_details")
    cached = min(_cached(usage, details), prompt or 0)
    written = min(count(details.get("cache_write_tokens")) or 0, (prompt or 0) - cached)
    told: Json = {
        "input_tokens": (prompt or 0) - cached - written,
        "output_tokens": completion or 0,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
    }
    reasoning = count(
        mapping(usage, "completion_tokens_details").get("reasoning_tokens")
    )
    if reasoning is not None:
        told["output_tokens_details"] = {"thinking_tokens": reasoning}
    return told


def responses_usage(usage: Any) -> Json | None:
    """Return a usage of the Responses API in the classes of the Messages API."""
    told = mapping(usage)
    return messages_usage(
        {
            "prompt_tokens": told.get("input_tokens"),
            "completion_tokens": told.get("output_tokens"),
            "prompt_tokens_details": told.get("input_tokens_details"),
            "completion_tokens_details": told.get("output_tokens_details"),
        }
    )


def estimated_usage(prompt_tokens: int, written_chars: int) -> Json:
    """Return what an answer without usage is taken for, marked as such."""
    return {
        "input_tokens": prompt_tokens,
        "output_tokens": -(-written_chars // CHARS_PER_TOKEN),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        ESTIMATED: True,
    }


def chat_usage(usage: Any) -> Json:
    """Return a usage of the Messages API as Chat Completions reports it."""
    told = mapping(usage)
    cached = count(told.get("cache_read_input_tokens")) or 0
    written = count(told.get("cache_creation_input_tokens")) or 0
    prompt = (count(told.get("input_tokens")) or 0) + cached + written
    completion = count(told.get("output_tokens")) or 0
    thinking = count(mapping(told, "output_tokens_details").get("thinking_tokens"))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "cached_tokens": cached,
            "cache_write_tokens": written,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": thinking or 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _cached(usage: Any, details: Mapping[str, Any]) -> int:
    # DeepSeek tells the hits beside the prompt's tokens, which they are part of.
    told = count(details.get("cached_tokens"))
    return told or count(mapping(usage).get("prompt_cache_hit_tokens")) or 0
