"""The features of a draft in their fixed order."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from routing.quality.features import (
    answering,
    arithmetic,
    calls,
    code,
    logprobs,
    prompt,
    shape,
    wording,
)
from routing.quality.features.reading import read
from routing.types import ChatRequest, Completion

# Stored vectors and gates say which set they are of. Any change of what a name means,
# of the names or of their order needs another number, once a release has measured.
FEATURES_VERSION = 1

# Every value lies within this bound, so that one odd draft cannot outweigh a gate.
BOUND = 50.0

_GROUPS = (prompt, shape, wording, arithmetic, code, answering, calls)

NAMES: tuple[str, ...] = (
    *(name for group in _GROUPS for name in group.NAMES),
    *logprobs.NAMES,
)

Vector = tuple[float, ...]


def features_of(
    request: ChatRequest,
    draft: Completion,
    token_logprobs: Sequence[float] | None = None,
) -> Vector:
    """Return the value of each of `NAMES` for `draft`, finite and within `BOUND`.

    Deterministic. Cost: some milliseconds; texts beyond 8,000 characters are read
    at both ends.
    """
    reading = read(request, draft)
    values: dict[str, float] = {}
    for group in _GROUPS:
        values |= group.measure(reading)
    told = draft.logprobs if token_logprobs is None else token_logprobs
    values |= logprobs.measure(told)
    return tuple(_bounded(values[name]) for name in NAMES)


def _bounded(value: float) -> float:
    return min(BOUND, max(-BOUND, float(value))) if isfinite(value) else 0.0
