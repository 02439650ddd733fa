"""How made-up drafts are judged: vetoes, and confidences about a threshold."""

from __future__ import annotations

import random

THRESHOLD = 0.7
LOW_CONFIDENCE = "low_confidence"
_VETO = "veto:"
# Why drafts are not returned, and how often.
REASONS = (
    (LOW_CONFIDENCE, 12),
    (f"{_VETO}cut_off", 7),
    (f"{_VETO}invalid_tool_input", 4),
    (f"{_VETO}invalid_structured_output", 3),
    (f"{_VETO}unknown_tool", 1),
    (f"{_VETO}repetition_loop", 1),
    (f"{_VETO}empty", 2),
    ("draft_error", 2),
    ("draft_timeout", 1),
)


def confidence(reason: str, chance: random.Random) -> float:
    """Return the confidence in a judged draft; `reason` is "" when it is accepted."""
    if reason.startswith(_VETO):
        return 0.0
    if reason == LOW_CONFIDENCE:
        return round(0.99 * THRESHOLD * chance.betavariate(4, 1.5), 3)
    return round(THRESHOLD + (1 - THRESHOLD) * chance.betavariate(3, 2), 3)


def signals(reason: str, confidence: float | None) -> dict[str, float]:
    """Return the signals of a draft: the veto that fired, else the route's base rate.

    There are none without a `confidence`: the draft was not judged.
    """
    if confidence is None:
        return {}
    if reason.startswith(_VETO):
        return {reason.removeprefix(_VETO): 1.0}
    return {"route": confidence}
