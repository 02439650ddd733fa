"""Decisions -> what they add to the rollups. Asks no database.

The order of a decision's sums is that of `SUMS`; hours take the first few of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from metrics.rollup_models import DailyRollup, Sums
from metrics.rows import call_sums
from metrics.types import BINS

DAILY_KEYS = (
    "day",
    "simulated",
    "rule",
    "key_name",
    "tag",
    "requested_model",
    "served_model",
    "outcome",
)
HOURLY_KEYS = ("hour", "simulated", "rule", "outcome")
HISTOGRAM_KEYS = ("day", "simulated", "rule", "outcome", "vetoed")
HISTOGRAM_SUMS = ("decisions", "known", "draft_nusd", "baseline_nusd")
HOURLY_SUMS = tuple(f.name for f in Sums._meta.local_fields)
SUMS = tuple(
    f.name
    for f in DailyRollup._meta.concrete_fields
    if f.name not in DAILY_KEYS and not f.primary_key
)
# Which part of a cascade a call is; what is not named here is a check.
PARTS = {
    "draft": "draft",
    "verifier": "verifier",
    "fallback": "verifier",
}

# Of decisions whose baseline is what the verifier would have cost had it not gone cold.
WENT_COLD = "verifier:warm"

Key = tuple[Any, ...]


class Decision(NamedTuple):
    """The columns of a decision that are summed, in the order they are read."""

    id: int
    started_at: datetime
    simulated: bool
    rule: str
    key_name: str
    tag: str
    requested_model: str
    served_model: str
    outcome: str
    reason: str
    confidence: float | None
    calls: list[list[Any]]
    cost_nusd: int | None
    baseline_nusd: int | None
    estimate_nusd: int | None
    total_ms: int
    overhead_us: int
    draft_ms: int | None
    status: int
    aborted: bool
    repeat: bool
    baseline_basis: str

    @property
    def known(self) -> bool:
        """Whether its money is in any sum."""
        return self.cost_nusd is not None and self.baseline_nusd is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Which day and hour a moment is counted to.

    Nothing crosses from `pruned_before` on to the days before `pruned_day` or back,
    whatever zone days were reckoned in when it was pruned: what was summed before that
    is never made again.
    """

    zone: tzinfo
    pruned_before: datetime | None = None
    pruned_day: date | None = None

    def day_of(self, moment: datetime) -> date:
        """Return the day of `moment`."""
        day = moment.astimezone(self.zone).date()
        if self.pruned_before is None or self.pruned_day is None:
            return day
        if moment >= self.pruned_before:
            return max(day, self.pruned_day)
        return min(day, self.pruned_day - timedelta(days=1))

    def hour_of(self, moment: datetime) -> datetime:
        """Return the first moment of its hour, in UTC."""
        local = moment.astimezone(self.zone)
        hour = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        if self.pruned_before is None or moment < self.pruned_before:
            return hour
        return max(hour, self.pruned_before)


def _no_sums() -> list[int]:
    return [0] * len(SUMS)


def _no_histogram() -> list[list[int]]:
    return [[0] * BINS for _ in HISTOGRAM_SUMS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What some decisions add to each table, by the key of the row."""

    daily: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(_no_sums))
    hourly: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(_no_sums))
    histograms: dict[Key, list[list[int]]] = field(
        default_factory=lambda: defaultdict(_no_histogram)
    )

    def add(self, decision: Decision, calendar: Calendar) -> None:
        """Add one decision to the sums of its day, its hour and its bin."""
        d = decision
        day, hour = calendar.day_of(d.started_at), calendar.hour_of(d.started_at)
        models = (d.requested_model, d.served_model)
        sums = sums_of(d)
        _add(
            self.daily[
                (day, d.simulated, d.rule, d.key_name, d.tag, *models, d.outcome)
            ],
            sums,
        )
        _add(
            self.hourly[(hour, d.simulated, d.rule, d.outcome)],
            sums[: len(HOURLY_SUMS)],
        )
        if d.confidence is not None:
            vetoed = d.reason.startswith("veto:")
            key = (day, d.simulated, d.rule, d.outcome, vetoed)
            _add_to_bin(self.histograms[key], d, d.confidence)


def sums_of(decision: Decision) -> list[int]:
    """Return what one decision adds to a day, in the order of `SUMS`."""
    d, known = decision, decision.known
    # What was asked afterwards is money, but no request of anybody's.
    asked = int(d.outcome != "shadow")
    parts = _parts(d.calls)
    wasted = "draft" in parts and d.outcome != "accepted"
    values = {
        "decisions": asked,
        "repeats": int(d.repeat),
        "aborted": int(d.aborted),
        "failed": int(d.status >= 400),
        "unknown_cost": int(not known),
        "overhead_us": d.overhead_us,
        "total_ms": d.total_ms * asked,
        "wasted_drafts": int(wasted),
        "wasted_ms": (d.draft_ms or 0) if wasted else 0,
    }
    if known:
        values["cost_nusd"] = d.cost_nusd or 0
        values["baseline_nusd"] = d.baseline_nusd or 0
        values["wasted_nusd"] = parts["draft"][3] if wasted else 0
        if d.baseline_basis == WENT_COLD and "verifier" in parts:
            values["lost_cache_nusd"] = parts["verifier"][3] - values["baseline_nusd"]
    for part, (prompt, cached, output, nusd) in parts.items():
        values[f"{part}_prompt_tokens"] = prompt
        values[f"{part}_cached_tokens"] = cached
        values[f"{part}_output_tokens"] = output
        values[f"{part}_nusd"] = nusd if known else 0
    return [values.get(name, 0) for name in SUMS]


def _parts(calls: Iterable[list[Any]]) -> dict[str, list[int]]:
    """Prompt, cached and output tokens and money of drafts, verifiers and checks."""
    parts: dict[str, list[int]] = {}
    for call in calls:
        role, *sums = call_sums(call)
        part = PARTS.get(role, "check")
        if part in parts:
            _add(parts[part], sums)
        else:
            parts[part] = sums
    return parts


def _add_to_bin(
    histogram: list[list[int]], decision: Decision, confidence: float
) -> None:
    place = bin_of(confidence)
    decisions, known, draft_nusd, baseline_nusd = histogram
    decisions[place] += 1
    if decision.known:
        drafts = _parts(decision.calls).get("draft")
        known[place] += 1
        draft_nusd[place] += drafts[3] if drafts else 0
        alone = decision.estimate_nusd if decision.outcome == "shadow" else None
        baseline_nusd[place] += (alone or decision.baseline_nusd) or 0


def bin_of(confidence: float) -> int:
    """Return the bin whose lower border is not above, as a threshold compares.

    Multiplied alone, 0.29 would fall below 0.29.
    """
    place = min(max(int(confidence * BINS), 0), BINS - 1)
    if place < BINS - 1 and confidence >= (place + 1) / BINS:
        return place + 1
    return place


def _add(sums: list[int], more: Iterable[int]) -> None:
    for place, value in enumerate(more):
        sums[place] += value
