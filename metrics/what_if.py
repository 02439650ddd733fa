"""What another threshold would have done. Pure: the only such arithmetic.

`templates/static/routing/what_if.js` does the same in the browser; a test holds them
together. To accept a draft that was rejected saves the verifier's call, which is the
decision's baseline; to reject one that was accepted costs its baseline. Drafts are paid
either way. A vetoed draft is accepted by no threshold.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from metrics.types import BINS

# Fewer labelled drafts tell nothing of quality.
MIN_SAMPLES = 30
# Weights of labels are whole millionths, so that sums are exact.
WEIGHT = 1_000_000

Bins = tuple[int, ...]
NO_BINS: Bins = (0,) * BINS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Judged drafts that no veto touched, by confidence: bin n holds n/100 and up.

    `accepted` and `rejected` are as it happened. Money is the baseline of decisions
    whose cost and baseline are known.
    """

    accepted: Bins = NO_BINS
    rejected: Bins = NO_BINS
    accepted_nusd: Bins = NO_BINS
    rejected_nusd: Bins = NO_BINS
    vetoed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Drafts drawn at random and labelled, by confidence; weights are in millionths.

    A weight is how many drafts a label stands for, times how far it is trusted.
    """

    samples: Bins = NO_BINS
    weight: Bins = NO_BINS
    worse_weight: Bins = NO_BINS


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What a rule did: cascaded decisions, those accepted, and what all of it cost."""

    cascaded: int
    accepted: int
    cost_nusd: int
    baseline_nusd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a threshold would have done instead.

    `gained` drafts would have been accepted and were not, `lost` ones the other way
    round. `worse_share` is of accepted drafts, None with fewer than `MIN_SAMPLES`.
    """

    accepted: int
    accepted_share: float | None
    gained: int
    lost: int
    cost_nusd: int
    saving_nusd: int
    more_nusd: int
    samples: int
    worse_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """All that an outlook is reckoned from."""

    happened: Happened
    judged: Judged = field(default_factory=Judged)
    labelled: Labelled = field(default_factory=Labelled)


def outlook(basis: Basis, percent: int) -> Outlook:
    """Return what a threshold of `percent`/100 would have done; 0 to 99.

    `more_nusd` is how much more would have been saved, negative when less.
    """
    happened, judged, labelled = basis.happened, basis.judged, basis.labelled
    gained = sum(judged.rejected[percent:])
    lost = sum(judged.accepted[:percent])
    more_nusd = sum(judged.rejected_nusd[percent:]) - sum(
        judged.accepted_nusd[:percent]
    )
    accepted = happened.accepted + gained - lost
    cost_nusd = happened.cost_nusd - more_nusd
    samples, weight = sum(labelled.samples[percent:]), sum(labelled.weight[percent:])
    enough = samples >= MIN_SAMPLES and weight > 0
    worse = sum(labelled.worse_weight[percent:])
    return Outlook(
        accepted=accepted,
        accepted_share=accepted / happened.cascaded if happened.cascaded else None,
        gained=gained,
        lost=lost,
        cost_nusd=cost_nusd,
        saving_nusd=happened.baseline_nusd - cost_nusd,
        more_nusd=more_nusd,
        samples=samples,
        worse_share=worse / weight if enough else None,
    )


def percent_of(threshold: float) -> int:
    """Return the border of the bins at `threshold`, or the next one above; 0 to 99.

    A threshold above the last border is taken as that border.
    """
    percent = min(max(int(threshold * BINS), 0), BINS - 1)
    return percent + 1 if percent < BINS - 1 and percent / BINS < threshold else percent
