"""Are certificates kept? The same labels split anew, again and again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bench.quality.looks import ALWAYS, NEVER, looked_at
from bench.quality.trial import Fold, Scored
from routing.quality.certificate import Judged, Promise, certify

HARMS = (0.02, 0.05)
_SEED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Of `splits` certificates asked for: how many were given and how many broken.

    Broken: the other half's own harm rate is above the promise. `accepted` is the mean
    share of drafts accepted where one was given, `best` the mean of what was offered
    where none was; None where there was no such split.
    """

    splits: int
    given: int
    broken: int
    accepted: float | None
    best: float | None


def promises(folds: Sequence[Fold], harm: float, splits: int, *, second: bool) -> Kept:
    """Return how certificates at `harm` fared: given on one half, tried on the other.

    The halves never share a question. Thresholds come from the fold's gate, which saw
    neither half.
    """
    rows = [row for fold in folds for row in fold.scored if not row.example.vetoed]
    learned = folds[0].second if second and folds[0].second else folds[0].first
    questions = sorted({row.example.labelled.group for row in rows})
    chooser = random.Random(_SEED)  # noqa: S311
    promise = Promise(harm=harm)
    given, broken, accepted, best = 0, 0, 0.0, 0.0
    for _ in range(splits):
        chooser.shuffle(questions)
        half = set(questions[: len(questions) // 2])
        known = [_judged(r, second=second) for r in rows if _in(r, half)]
        other = [_judged(r, second=second) for r in rows if not _in(r, half)]
        certificate = certify(known, learned.gate.steps, promise)
        if certificate.threshold is None:
            best += certificate.bound
            continue
        taken = [row for row in other if row.confidence >= certificate.threshold]
        given += 1
        accepted += len(taken) / max(1, len(other))
        broken += sum(row.worse for row in taken) > harm * len(taken)
    return Kept(
        splits=splits,
        given=given,
        broken=broken,
        accepted=accepted / given if given else None,
        best=best / (splits - given) if splits > given else None,
    )


def _judged(row: Scored, *, second: bool) -> Judged:
    priced = looked_at(row.looks, ALWAYS if second else NEVER)
    return Judged(confidence=priced.confidence, worse=not row.example.labelled.as_good)


def _in(row: Scored, questions: set[str]) -> bool:
    return row.example.labelled.group in questions
