"""Cost and quality of a rule at every threshold, from its own labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A draft with both scores and what was or would be paid, in any one unit.

    Scores lie in [0, 1]; without scores 0 for worse and 1 for as good, the verifier
    always 1. `draft_cost` includes checks.
    """

    confidence: float
    draft_score: float
    verifier_score: float
    draft_cost: float
    verifier_cost: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What accepting at `threshold` and above comes to.

    `accepted`: share of drafts. `kept`: mean score served by mean verifier score, above
    1 when drafts were better. `saved`: share of the verifier's cost, below 0: a loss.
    `harmed`: the share of accepted drafts that are worse.
    """

    threshold: float
    accepted: float
    kept: float
    saved: float
    harmed: float


def curve(rows: Sequence[Priced]) -> list[Point]:
    """Return the points from accepting nothing to everything, in that order."""
    total = sum(row.weight for row in rows)
    paid = sum(row.weight * row.verifier_cost for row in rows)
    full = sum(row.weight * row.verifier_score for row in rows)
    if total <= 0 or paid <= 0 or full <= 0:
        return []
    ordered = sorted(rows, key=lambda row: -row.confidence)
    cost = paid + sum(row.weight * row.draft_cost for row in rows)
    accepted = worse = 0.0
    score = full
    points = [
        Point(threshold=2.0, accepted=0.0, kept=1.0, saved=1 - cost / paid, harmed=0.0)
    ]
    for at, row in enumerate(ordered):
        accepted += row.weight
        cost -= row.weight * row.verifier_cost
        score += row.weight * (row.draft_score - row.verifier_score)
        worse += row.weight * (row.draft_score < row.verifier_score - 1e-9)
        if at + 1 < len(ordered) and ordered[at + 1].confidence == row.confidence:
            continue
        points.append(
            Point(
                threshold=row.confidence,
                accepted=accepted / total,
                kept=score / full,
                saved=1 - cost / paid,
                harmed=worse / accepted if accepted else 0.0,
            )
        )
    return points


def best_for(rows: Sequence[Priced], kept: float) -> Point | None:
    """Return the point that saves most among those that keep `kept` or more.

    Drawn from labels and applied to the same ones it flatters: use rows whose
    confidence was given without their own label.
    """
    fitting = [point for point in curve(rows) if point.kept >= kept - 1e-12]
    return max(fitting, key=lambda point: point.saved) if fitting else None
