"""How good the drafts of a rule are and what that saves, by its own labels.

Each draft counts with the confidence it had when it was decided, which no label of its
own had a part in. Of several labels of a draft the first by rank counts; a draft that
nobody drew stands for no other and is in no share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import NamedTuple, TypeVar

from metrics.bulk import in_chunks
from metrics.models import RoutingDecision
from metrics.quality_figures import ENOUGH_LABELS, Z_95, measured
from routing.models import CascadeRule
from routing.quality.curve import Point, Priced, curve
from routing.rule_labels import (
    READ_AT_MOST,
    SourceCount,
    Told,
    by_source,
    labels_of,
    one_a_draft,
)
from routing.teaching import weight_of

# The newest: more of them would tell little more, and a page waits for them.
PRICED_AT_MOST = 500
LEVELS = 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share with its 95 % interval; all None of fewer than 30 labels, `n`."""

    n: int
    share: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What accepting from a threshold on comes to, each with its 95 % interval.

    `accepted`, `harmed` and `saved` are shares; `kept` is quality by the verifier's.
    """

    threshold: float
    accepted: float
    harmed: float
    kept: float
    kept_low: float
    kept_high: float
    saved: float
    saved_low: float
    saved_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleQuality:
    """What labels tell of a rule with one kind of money.

    `sources` count the newest labels, `more` when there are older ones. `harm` is the
    share of accepted drafts that are worse. `levels` go from strict to loose and `own`
    is at the rule's threshold: () and None of fewer than 30 priced drafts, `priced`.
    """

    sources: tuple[SourceCount, ...]
    more: bool
    harm: Share
    priced: int
    levels: tuple[Level, ...]
    own: Level | None


class _Money(NamedTuple):
    cost_nusd: int
    baseline_nusd: int


def quality_of(
    rule: CascadeRule,
    threshold: float,
    *,
    simulated: bool,
    since: datetime | None = None,
) -> RuleQuality:
    """Return what the newest labels of `rule` and its present models tell.

    `threshold` is the one in force. Cost: four queries or so, over indexes, of at most
    2,000 labels and 1,000 decisions.
    """
    told = labels_of(rule, simulated=simulated, since=since)
    drafts = one_a_draft(told[:READ_AT_MOST])
    priced = _priced(drafts)
    enough = len(priced) >= ENOUGH_LABELS
    points = curve(priced)[1:] if enough else []
    chosen = spread(points, LEVELS)
    return RuleQuality(
        sources=by_source(told[:READ_AT_MOST]),
        more=len(told) > READ_AT_MOST,
        harm=_harm(drafts),
        priced=len(priced),
        levels=tuple(_level(priced, point.threshold, point) for point in chosen),
        own=_own(priced, points, threshold) if enough else None,
    )


def spread(values: Sequence[T], at_most: int) -> list[T]:
    """Return at most so many of `values`, at equal distances, the ends among them."""
    if len(values) <= at_most:
        return list(values)
    last = len(values) - 1
    return [values[round(n * last / (at_most - 1))] for n in range(at_most)]


def _harm(drafts: Iterable[Told]) -> Share:
    """The interval of what is not harmed, turned around."""
    samples = [
        (not d.worse, weight_of(d.trust, d.probability))
        for d in drafts
        if d.outcome == "accepted"
    ]
    share, low, high = measured(samples)
    if share is None or low is None or high is None:
        return Share(n=len(samples))
    return Share(n=len(samples), share=1 - share, low=1 - high, high=1 - low)


def _priced(drafts: Sequence[Told]) -> list[Priced]:
    """The newest drafts with confidence and money; others are left out."""
    newest = drafts[:PRICED_AT_MOST]
    money = _money([draft.decision_id for draft in newest])
    unserved = [draft.decision_id for draft in newest if draft.confidence is None]
    observed = _observed(unserved)
    rows = []
    for draft in newest:
        paid, beside = money.get(draft.decision_id), observed.get(draft.decision_id)
        confidence = draft.confidence
        if paid is None or (confidence is None and beside is None):
            continue
        cost = paid.cost_nusd
        if draft.outcome == "escalated":
            cost = max(0, paid.cost_nusd - paid.baseline_nusd)
        if confidence is None and beside is not None:
            confidence, cost = beside
        rows.append(
            Priced(
                confidence=confidence or 0.0,
                draft_score=float(not draft.worse),
                verifier_score=1.0,
                draft_cost=cost,
                verifier_cost=paid.baseline_nusd,
                weight=weight_of(draft.trust, draft.probability),
            )
        )
    return rows


def _money(ids: Sequence[str]) -> Mapping[str, _Money]:
    found: dict[str, _Money] = {}
    for some in in_chunks(ids):
        rows = RoutingDecision.objects.filter(
            decision_id__in=some,
            cost_nusd__isnull=False,
            baseline_nusd__gt=0,
        ).values_list("decision_id", "cost_nusd", "baseline_nusd")
        for decision_id, cost, baseline in rows:
            found[decision_id] = _Money(cost or 0, baseline or 0)
    return found


def _observed(ids: Sequence[str]) -> Mapping[str, tuple[float, int]]:
    """Confidence and cost of drafts that were asked beside an answer, by decision."""
    found: dict[str, tuple[float, int]] = {}
    for some in in_chunks(ids):
        beside = RoutingDecision.objects.filter(
            about__in=some,
            confidence__isnull=False,
            cost_nusd__isnull=False,
        ).exclude(about="")  # as the index has it
        rows = beside.values_list("about", "confidence", "cost_nusd")
        found |= {about: (sure or 0.0, cost or 0) for about, sure, cost in rows}
    return found


def _own(
    rows: Sequence[Priced], points: Sequence[Point], threshold: float
) -> Level | None:
    reached = [point for point in points if point.threshold >= threshold]
    if reached:
        return _level(rows, threshold, reached[-1])
    nothing = curve(rows)
    return _level(rows, threshold, nothing[0]) if nothing else None


def _level(rows: Sequence[Priced], threshold: float, point: Point) -> Level:
    """`point` with intervals: of what is kept Wilson's, of what is saved by variance.

    A ratio's variance is that of its residuals (linearised).
    """
    accepted = [row.confidence >= threshold for row in rows]
    good = [
        (row.draft_score >= row.verifier_score or not taken, row.weight)
        for row, taken in zip(rows, accepted, strict=True)
    ]
    kept, low, high = measured(good)
    paid = sum(row.weight * row.verifier_cost for row in rows)
    residuals = (
        row.weight * ((row.verifier_cost if taken else 0.0) - row.draft_cost)
        - row.weight * point.saved * row.verifier_cost
        for row, taken in zip(rows, accepted, strict=True)
    )
    reach = Z_95 * sqrt(sum(r * r for r in residuals)) / paid
    return Level(
        threshold=threshold,
        accepted=point.accepted,
        harmed=point.harmed,
        kept=point.kept if kept is None else kept,
        kept_low=low or 0.0,
        kept_high=1.0 if high is None else high,
        saved=point.saved,
        saved_low=point.saved - reach,
        saved_high=point.saved + reach,
    )
