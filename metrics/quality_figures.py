"""How good accepted drafts were, as far as labels tell.

Only decisions that were drawn at random stand for others; what people and clients said
of decisions they picked is counted apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import QuerySet

from metrics import rows
from metrics.label_models import Label
from metrics.models import RoutingDecision
from metrics.periods import Period, last_days
from metrics.what_if import MIN_SAMPLES

Outcome = RoutingDecision.Outcome
ENOUGH_LABELS = MIN_SAMPLES
# The newest ones of a period. More would make the page slow, and the interval, which
# reaches two percent to each side at most then, no narrower than anybody needs.
READ_AT_MOST = 2_000
PRICED_AT_MOST = 200
NAMED_AT_MOST = 50
Z_95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The share of accepted drafts that were not worse than the verifier's answer.

    Of `labels` decisions drawn at random, each weighted by its trust and by how many it
    stands for. `low` and `high` bound it with 95 % confidence. All three are None with
    fewer than 30 labels. `picked` labels were not drawn, and `picked_worse` of them say
    that the draft was worse; they are in no share.
    """

    labels: int
    share: float | None
    low: float | None
    high: float | None
    picked: int = 0
    picked_worse: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedlessEscalations:
    """Escalations whose draft turned out as good as the verifier's answer.

    `labels` of them are known, and there are `more`. Accepting the newest `priced` ones
    would have saved `nusd`; the others are older, pruned or of unknown cost. `newest`
    are the identifiers of some.
    """

    labels: int
    more: bool
    priced: int
    nusd: int
    newest: tuple[str, ...] = ()


class Drawn(NamedTuple):
    """What a label says of a draft that was drawn, and how many drafts it is for."""

    trust: float
    worse: bool
    weight: float
    confidence: float | None


def quality(period: Period, *, simulated: bool) -> Quality:
    """Return the measured quality of the drafts accepted in `period`. Two queries."""
    accepted = _labels(period, Outcome.ACCEPTED, simulated=simulated)
    drawn = accepted.filter(probability__isnull=False)
    samples = [(not best.worse, best.weight) for best in best_of(drawn[:READ_AT_MOST])]
    picked = accepted.filter(probability__isnull=True).values_list("worse", flat=True)
    said_worse = list(picked[:READ_AT_MOST])
    share, low, high = measured(samples)
    return Quality(
        labels=len(samples),
        share=share,
        low=low,
        high=high,
        picked=len(said_worse),
        picked_worse=sum(said_worse),
    )


def last_week() -> Quality:
    """Return the measured quality of the real drafts of seven days. Two queries."""
    return quality(last_days(7), simulated=False)


def needless_escalations(period: Period, *, simulated: bool) -> NeedlessEscalations:
    """Return what is known of escalations that need not have been. Two queries."""
    escalated = _labels(period, Outcome.ESCALATED, simulated=simulated)
    newest = escalated.filter(worse=False).values_list("decision_id", flat=True)
    found = list(newest[: READ_AT_MOST + 1])
    ids = list(dict.fromkeys(found[:READ_AT_MOST]))
    calls = RoutingDecision.objects.filter(
        decision_id__in=ids[:PRICED_AT_MOST], saving_nusd__isnull=False
    ).values_list("calls", flat=True)
    saved = [_verifiers_nusd(each) for each in calls]
    return NeedlessEscalations(
        labels=len(ids),
        more=len(found) > READ_AT_MOST,
        priced=len(saved),
        nusd=sum(saved),
        newest=tuple(ids[:NAMED_AT_MOST]),
    )


def best_of(labels: QuerySet[Label]) -> list[Drawn]:
    """Return what is known of each draft: its most trusted label. One query.

    Of labels that are trusted alike the one that says worse counts. Those of drafts
    that nobody drew, or that count for nothing, are left out.
    """
    best: dict[str, Drawn] = {}
    for decision_id, trust, worse, probability, confidence in labels.values_list(
        "decision_id", "trust", "worse", "probability", "confidence"
    ):
        if trust and probability:
            found = Drawn(trust, worse, trust / probability, confidence)
            there = best.get(decision_id)
            if there is None or found[:2] > there[:2]:
                best[decision_id] = found
    return list(best.values())


def measured(
    samples: Sequence[tuple[bool, float]],
) -> tuple[float | None, float | None, float | None]:
    """Return the weighted share of samples that are good, and its 95 % interval.

    A sample is whether it is good, and its weight. The interval is Wilson's, for as
    many samples of equal weight as tell as much (Kish). None of too few samples.
    """
    weight = math.fsum(w for _, w in samples)
    if len(samples) < ENOUGH_LABELS or not weight:
        return None, None, None
    share = min(math.fsum(w for good, w in samples if good) / weight, 1.0)
    effective = weight**2 / math.fsum(w * w for _, w in samples)
    low, high = _wilson(share, effective)
    return share, low, high


def _wilson(share: float, n: float) -> tuple[float, float]:
    """Source: E. B. Wilson, "Probable inference", 1927."""
    z2 = Z_95**2
    middle = share + z2 / (2 * n)
    reach = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    # Rounding must not put the share itself outside.
    low = min(max((middle - reach) / scale, 0.0), share)
    return low, max(min((middle + reach) / scale, 1.0), share)


def _labels(period: Period, outcome: Outcome, *, simulated: bool) -> QuerySet[Label]:
    """Labels of the decisions of `period`, the newest decision first."""
    return Label.objects.filter(
        outcome=outcome,
        simulated=simulated,
        decided_at__gte=period.start,
        decided_at__lt=period.end,
    ).order_by("-decided_at")


def _verifiers_nusd(calls: Iterable[Sequence[object]]) -> int:
    sums = map(rows.call_sums, calls)
    return sum(nusd for role, *_, nusd in sums if role in ("verifier", "fallback"))
