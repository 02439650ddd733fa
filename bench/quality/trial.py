"""Learn on some examples, decide on others: blind, and everything paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.quality.breakeven import Acceptance, advice, break_even
from bench.quality.looks import ALWAYS, NEVER, TwoLooks, best_zone, looked_at
from bench.quality.rows import Example
from routing.quality.curve import Priced, best_for
from routing.quality.learning import Learned, inputs, learn

TARGETS = (0.95, 0.98)
FITTED_AT = "2000-01-01"  # a stored gate says when; it decides nothing here


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """An example of the examined part with both confidences, and its fold."""

    example: Example
    looks: TwoLooks
    fold: int

    @property
    def final(self) -> float:
        """The confidence when every possible second opinion was asked."""
        return looked_at(self.looks, ALWAYS).confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What was learned on one part, and the other part scored with it."""

    known: list[TwoLooks]
    known_pairs: list[str]
    scored: list[Scored]
    first: Learned
    second: Learned | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Kept and saved, blind, and the share of drafts accepted."""

    kept: float
    saved: float
    accepted: float


def run(train: Sequence[Example], examine: Sequence[Example], at: int) -> Fold | None:
    """Return one fold; None when `train` teaches nothing."""
    labels = [example.labelled for example in train]
    first = learn(labels, fitted_at=FITTED_AT)
    if first is None:
        return None
    second = learn(labels, fitted_at=FITTED_AT, with_second=True)
    scale = _scales([*train, *examine])
    known, pairs = [], []
    seconds = second.confidences if second else (None,) * len(train)
    for example, one, two in zip(train, first.confidences, seconds, strict=True):
        if one is not None:
            known.append(_looks(example, one, two, scale[example.pair]))
            pairs.append(example.pair)
    scored = [
        Scored(
            example=example,
            looks=_looks(
                example,
                _confidence(first, example, with_second=False),
                _confidence(second, example, with_second=True),
                scale[example.pair],
            ),
            fold=at,
        )
        for example in examine
    ]
    return Fold(
        known=known, known_pairs=pairs, scored=scored, first=first, second=second
    )


def blind(folds: Sequence[Fold], kept: float, mode: str, *, guard: bool) -> Result:
    """Return what comes of the threshold each fold picked for `kept` on its labels.

    `mode` is `off`, `always` or `uncertain`. With `guard` a route whose drafts are too
    rarely accepted to pay goes straight to the verifier.
    """
    paid = full = cost = score = accepted = count = 0.0
    for fold in folds:
        zone = {"off": NEVER, "always": ALWAYS}.get(mode) or best_zone(fold.known, kept)
        known = [looked_at(row, zone) for row in fold.known]
        point = best_for(known, kept)
        threshold = point.threshold if point else 2.0
        losing = _losing(known, fold.known_pairs, threshold) if guard else set()
        for scored in fold.scored:
            row = looked_at(scored.looks, zone)
            straight = scored.example.pair in losing
            takes = not straight and row.confidence >= threshold
            paid += row.verifier_cost
            full += row.verifier_score
            cost += 0.0 if straight else row.draft_cost
            cost += 0.0 if takes else row.verifier_cost
            score += row.draft_score if takes else row.verifier_score
            accepted += takes
            count += 1
    return Result(kept=score / full, saved=1 - cost / paid, accepted=accepted / count)


def without_labels(examples: Sequence[Example]) -> Result:
    """Return what comes of accepting what a second opinion agrees with."""
    scale = _scales(examples)
    paid = full = cost = score = accepted = 0.0
    for example in examples:
        unit = scale[example.pair]
        takes = example.relation == "agree" and not example.vetoed
        paid += unit * example.verifier_cost
        full += example.verifier_score
        cost += unit * (example.draft_cost + example.second_cost)
        cost += 0.0 if takes else unit * example.verifier_cost
        score += example.draft_score if takes else example.verifier_score
        accepted += takes
    return Result(
        kept=score / full, saved=1 - cost / paid, accepted=accepted / len(examples)
    )


def _losing(rows: Sequence[Priced], pairs: Sequence[str], threshold: float) -> set[str]:
    by_pair: dict[str, list[Priced]] = defaultdict(list)
    for row, pair in zip(rows, pairs, strict=True):
        by_pair[pair].append(row)
    losing = set()
    for pair, own in by_pair.items():
        share = break_even(
            sum(row.draft_cost for row in own),
            0.0,
            sum(row.verifier_cost for row in own),
        )
        accepted = sum(row.confidence >= threshold for row in own)
        if advice(Acceptance(accepted=accepted, asked=len(own)), share) == "loses":
            losing.add(pair)
    return losing


def _confidence(
    learned: Learned | None, example: Example, *, with_second: bool
) -> float | None:
    labelled = example.labelled
    if learned is None or (with_second and labelled.second is None):
        return None
    posterior = learned.routes.posterior(labelled.route)
    second = labelled.second if with_second else None
    vector = inputs(labelled.features, posterior, second)
    return learned.gate.confidence(vector, labelled.route)


def _looks(
    example: Example, first: float | None, second: float | None, unit: float
) -> TwoLooks:
    """Costs in units of the pair's mean verifier call, so that pairs count alike."""
    row = Priced(
        confidence=first or 0.0,
        draft_score=example.draft_score,
        verifier_score=example.verifier_score,
        draft_cost=unit * example.draft_cost,
        verifier_cost=unit * example.verifier_cost,
    )
    looks = TwoLooks(first=row, second=second, cost=unit * example.second_cost)
    if example.vetoed:  # a veto escalates whatever the gate says, and asks nobody else
        return replace(looks, first=replace(row, confidence=0.0), second=None)
    return looks


def _scales(examples: Sequence[Example]) -> dict[str, float]:
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for example in examples:
        sums[example.pair][0] += example.verifier_cost
        sums[example.pair][1] += 1
    if len(sums) < 10:  # pairs of one price list are compared in dollars
        total = sum(cost for cost, _ in sums.values()) / sum(
            n for _, n in sums.values()
        )
        return dict.fromkeys(sums, 1.0 / total)
    return {pair: n / cost for pair, (cost, n) in sums.items()}
