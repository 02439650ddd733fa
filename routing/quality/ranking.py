"""Confidences in their order: how well they part good drafts from worse, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_STEPS = 20


def steps_of(confidences: Iterable[float]) -> tuple[float, ...]:
    """Return thresholds that accept 5 %, 10 % ... 100 % of them, no two alike."""
    ordered = sorted(confidences, reverse=True)
    places = [len(ordered) * step // _STEPS for step in range(1, _STEPS + 1)]
    found = [ordered[place - 1] for place in places if place]
    return tuple(dict.fromkeys(found))


def auroc(confidences: Sequence[float], good: Sequence[bool]) -> float:
    """Return the chance that a good draft is above a worse one; ties count half.

    0.5 when there are only good or only worse ones.
    """
    ordered = sorted(zip(confidences, good, strict=True))
    positives = sum(good)
    negatives = len(ordered) - positives
    if not positives or not negatives:
        return 0.5
    ranks, at = 0.0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        ranks += sum(good for _, good in ordered[at:end]) * (at + end + 1) / 2
        at = end
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)
