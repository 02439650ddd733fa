"""What is behind the page of one rule: sums and labels, never rows of decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import add

from metrics import quality_figures, reports
from metrics.folding import bin_of
from metrics.label_models import Label
from metrics.periods import Period
from metrics.quality_figures import Drawn
from metrics.rollup_models import DailyRollup, ScoreHistogram, no_bins
from metrics.rule_stats import load as load_learned
from metrics.stakes import Learned, RuleKey
from metrics.types import SavingsRow
from metrics.what_if import WEIGHT, Basis, Happened, Judged, Labelled

# So many labels of a period are looked at, the newest: more would tell little more.
MAX_LABELS = 5_000


def has_decided(rule: str) -> bool:
    """Whether any decision is, or was before it was pruned, of a rule of this name."""
    return DailyRollup.objects.filter(rule=rule).exists()


def learned(rule: str, *, simulated: bool) -> dict[RuleKey, Learned]:
    """Return what recent decisions taught of a rule with one kind of money."""
    return {
        key: known
        for key, known in load_learned().items()
        if key.rule == rule and key.simulated == simulated
    }


def basis(rule: str, period: Period, total: SavingsRow, *, simulated: bool) -> Basis:
    """Return what outlooks on a rule are reckoned from; `total` is what happened."""
    return Basis(
        happened=Happened(
            cascaded=total.accepted + total.escalated,
            accepted=total.accepted,
            cost_nusd=total.cost_nusd,
            baseline_nusd=total.baseline_nusd,
        ),
        judged=judged(rule, period, simulated=simulated),
        labelled=labelled(rule, period, simulated=simulated),
    )


def judged(rule: str, period: Period, *, simulated: bool) -> Judged:
    """Return the judged drafts of `rule` by confidence and by what became of them."""
    names = ("accepted", "rejected", "accepted_nusd", "rejected_nusd")
    sums = {name: no_bins() for name in names}
    vetoed = 0
    for row in ScoreHistogram.objects.filter(
        day__range=(period.first, period.last), rule=rule, simulated=simulated
    ).only("outcome", "vetoed", "decisions", "baseline_nusd"):
        if row.vetoed:
            vetoed += sum(row.decisions)
            continue
        kind = "accepted" if row.outcome == "accepted" else "rejected"
        _add(sums[kind], row.decisions)
        _add(sums[f"{kind}_nusd"], row.baseline_nusd)
    bins = {name: tuple(values) for name, values in sums.items()}
    return Judged(vetoed=vetoed, **bins)


def labelled(rule: str, period: Period, *, simulated: bool) -> Labelled:
    """Return the labels of drafts that were drawn at random; one of each draft.

    Those nobody drew stand for no others.
    """
    newest = Label.objects.filter(
        rule=rule,
        decided_at__gte=period.start,
        decided_at__lt=period.end,
        simulated=simulated,
        probability__isnull=False,
        confidence__isnull=False,
        trust__gt=0,
    ).order_by("-decided_at")
    return _in_bins(quality_figures.best_of(newest[:MAX_LABELS]))


def every_day(days: Iterable[SavingsRow], period: Period) -> list[SavingsRow]:
    """Return a row for each day of `period`, quiet days too. Makes no query."""
    rows = {row.label: row for row in days}
    labels = [day.isoformat() for day in period.days]
    return [rows.get(label) or reports.total((), label=label) for label in labels]


def _in_bins(labels: Iterable[Drawn]) -> Labelled:
    samples, weights, worse_weights = no_bins(), no_bins(), no_bins()
    for label in labels:
        if label.confidence is None:
            continue
        place = bin_of(label.confidence)
        weight = round(WEIGHT * label.weight)
        samples[place] += 1
        weights[place] += weight
        worse_weights[place] += weight if label.worse else 0
    return Labelled(
        samples=tuple(samples),
        weight=tuple(weights),
        worse_weight=tuple(worse_weights),
    )


def _add(sums: list[int], more: Sequence[int]) -> None:
    sums[:] = map(add, sums, more)
