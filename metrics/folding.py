"""Decisions -> what they add to the rollups. Asks no database.

The order of a decision's sums is that of `SUMS`; hours take the first few of them.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterable, Sequence
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
    "spare": "verifier",
}

# Of decisions whose baseline is what the verifier would have cost had it not gone cold.
WENT_COLD = "verifier:warm"

Key = tuple[Any, ...]
# Prompt, cached and output tokens and money of each part of a cascade.
Parts = dict[str, Sequence[int]]

_NOTHING = dict.fromkeys(SUMS, 0)
_NAMES = {
    part: tuple(
        f"{part}_{what}"
        for what in ("prompt_tokens", "cached_tokens", "output_tokens", "nusd")
    )
    for part in ("draft", "verifier", "check")
}
_HOURLY_COUNT = len(HOURLY_SUMS)


class Decision(NamedTuple):
    """The columns of a decision that are summed, in the order they are read."""

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

    def keeps_minute(self, minute: datetime) -> bool:
        """Return whether all moments of `minute`, its first one, count alike.

        No zone changes its offset within a minute, but a border of what was pruned may
        be anywhere.
        """
        return self.pruned_before is None or minute >= self.pruned_before

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


def _no_histogram() -> list[list[int]]:
    return [[0] * BINS for _ in HISTOGRAM_SUMS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What some decisions add to each table, by the key of the row."""

    calendar: Calendar
    daily: dict[Key, list[int]] = field(default_factory=dict)
    hourly: dict[Key, list[int]] = field(default_factory=dict)
    histograms: dict[Key, list[list[int]]] = field(
        default_factory=lambda: defaultdict(_no_histogram)
    )
    _minutes: dict[datetime, tuple[date, datetime]] = field(default_factory=dict)

    def add(self, decision: Decision) -> None:
        """Add one decision to the sums of its day, its hour and its bin."""
        d = decision
        day, hour = self._place_of(d.started_at)
        parts = _parts(d.calls)
        sums = _sums(d, parts)
        models = (d.requested_model, d.served_model)
        key: Key = (day, d.simulated, d.rule, d.key_name, d.tag, *models, d.outcome)
        _add(self.daily, key, sums)
        key = (hour, d.simulated, d.rule, d.outcome)
        _add(self.hourly, key, sums[:_HOURLY_COUNT])
        if d.confidence is not None:
            vetoed = d.reason.startswith("veto:")
            key = (day, d.simulated, d.rule, d.outcome, vetoed)
            _add_to_bin(self.histograms[key], bin_of(d.confidence), d, parts)

    def _place_of(self, moment: datetime) -> tuple[date, datetime]:
        """The day and hour of `moment`, reckoned once for each minute."""
        minute = moment.replace(second=0, microsecond=0)
        place = self._minutes.get(minute)
        if place is None:
            place = self.calendar.day_of(moment), self.calendar.hour_of(moment)
            if self.calendar.keeps_minute(minute):
                self._minutes[minute] = place
        return place


def sums_of(decision: Decision) -> list[int]:
    """Return what one decision adds to a day, in the order of `SUMS`."""
    return _sums(decision, _parts(decision.calls))


def _sums(decision: Decision, parts: Parts) -> list[int]:
    d, known = decision, decision.known
    # What was asked afterwards is money, but no request of anybody's.
    asked = int(d.outcome != "shadow")
    wasted = "draft" in parts and d.outcome != "accepted"
    values = _NOTHING | {
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
    for part, sums in parts.items():
        values.update(zip(_NAMES[part], sums if known else (*sums[:3], 0), strict=True))
    if known:
        values["cost_nusd"] = d.cost_nusd or 0
        values["baseline_nusd"] = d.baseline_nusd or 0
        values["wasted_nusd"] = parts["draft"][3] if wasted else 0
        if d.baseline_basis == WENT_COLD and "verifier" in parts:
            values["lost_cache_nusd"] = parts["verifier"][3] - values["baseline_nusd"]
    return list(values.values())


def _parts(calls: Iterable[list[Any]]) -> Parts:
    """What drafts, verifiers and checks add up to; only those that were called."""
    parts: Parts = {}
    for call in calls:
        role, *sums = call_sums(call)
        part = PARTS.get(role, "check")
        before = parts.get(part)
        parts[part] = list(map(operator.add, before, sums)) if before else sums
    return parts


def _add_to_bin(
    histogram: list[list[int]], place: int, decision: Decision, parts: Parts
) -> None:
    decisions, known, draft_nusd, baseline_nusd = histogram
    decisions[place] += 1
    if decision.known:
        drafts = parts.get("draft")
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


def _add(tally: dict[Key, list[int]], key: Key, sums: list[int]) -> None:
    before = tally.get(key)
    tally[key] = sums if before is None else list(map(operator.add, before, sums))
