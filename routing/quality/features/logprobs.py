"""How sure the model was of its tokens, where the provider says so."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

NAMES = (
    "tokens_known",
    "tokens_mean",
    "tokens_least",
    "tokens_doubtful",
    "tokens_last",
)

_DOUBTFUL = -1.0
_FLOOR = -20.0
_MAX_TOKENS = 4_000
_LAST = 10


def measure(logprobs: Sequence[float] | None) -> dict[str, float]:
    """Return the features of token log-probabilities; all 0 when there are none.

    `logprobs` are natural logarithms, one for each token of the answer in order, as an
    OpenAI-compatible provider gives them. The last 4,000 are read.
    """
    values = [
        min(0.0, max(_FLOOR, value))
        for value in (logprobs or ())[-_MAX_TOKENS:]
        if isfinite(value)
    ]
    if not values:
        return dict.fromkeys(NAMES, 0.0)
    last = values[-_LAST:]
    return {
        "tokens_known": 1.0,
        "tokens_mean": sum(values) / len(values),
        "tokens_least": min(values),
        "tokens_doubtful": sum(v < _DOUBTFUL for v in values) / len(values),
        "tokens_last": min(last),
    }
