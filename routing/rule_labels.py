"""The labels of a rule's drafts: what counts of them, and how much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from metrics.label_models import Label
from routing.models import CascadeRule
from routing.teaching import RANK

# The newest labels: more of them would tell little more, and a page waits for them.
READ_AT_MOST = 2_000
OF_LABELS = (
    "decision_id",
    "source",
    "worse",
    "probability",
    "trust",
    "outcome",
    "confidence",
    "draft_score",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    """Labels of one source: how many, how many say worse, the mean of scores if any."""

    source: str
    words: str
    labels: int
    worse: int
    score: float | None


class Told(NamedTuple):
    """A label as it was read; see the fields of `Label`."""

    decision_id: str
    source: str
    worse: bool
    probability: float | None
    trust: float
    outcome: str
    confidence: float | None
    draft_score: float | None


def labels_of(
    rule: CascadeRule, *, simulated: bool, since: datetime | None
) -> list[Told]:
    """Return the newest labels of `rule` and its present models, and one more. A query.

    `since` leaves out older decisions.
    """
    rows = Label.objects.filter(
        rule=rule.name,
        draft_model=rule.draft_model,
        simulated=simulated,
        trust__gt=0,
    )
    if rule.verifier_model:
        rows = rows.filter(verifier_model=rule.verifier_model)
    if since is not None:
        rows = rows.filter(decided_at__gte=since)
    newest = rows.order_by("-decided_at").values_list(*OF_LABELS)
    return [Told(*row) for row in newest[: READ_AT_MOST + 1]]


def by_source(told: Iterable[Told]) -> tuple[SourceCount, ...]:
    """Return how many labels each source gave, the ranks in order."""
    found: dict[str, list[Told]] = {name: [] for name in RANK}
    for label in told:
        found[label.source].append(label)
    return tuple(
        SourceCount(
            source=source,
            words=str(Label.Source(source).label),
            labels=len(labels),
            worse=sum(label.worse for label in labels),
            score=_mean([s.draft_score for s in labels if s.draft_score is not None]),
        )
        for source, labels in found.items()
        if labels
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def one_a_draft(told: Iterable[Told]) -> list[Told]:
    """Return the label that counts of each drawn draft, with the chance it had."""
    best: dict[str, Told] = {}
    chance: dict[str, float] = {}
    for label in told:
        known = best.setdefault(label.decision_id, label)
        if RANK[label.source] < RANK[known.source]:
            best[label.decision_id] = label
        if label.probability is not None:
            chance[label.decision_id] = label.probability
    return [
        label._replace(probability=chance[decision_id])
        for decision_id, label in best.items()
        if decision_id in chance
    ]
