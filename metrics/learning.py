"""What decisions teach about a rule: sums that fade, and from them what holds.

Pure: `metrics.rule_stats` reads the decisions and keeps the sums.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import NamedTuple

from metrics.stakes import (
    MIN_ERRORS,
    MIN_OUTPUT_PAIRS,
    MIN_PROMPT_PAIRS,
    Learned,
)
from metrics.types import CallRecord, OutcomeKind, Role

# After so long a decision counts half.
HALF_LIFE_S = 24 * 3600.0
# Of so many escalations the error of the estimate is kept, the newest.
MAX_ERRORS = 100
# What is paid because a draft was asked.
FOR_A_DRAFT = ("draft", "spare")


class Told(NamedTuple):
    """What is looked at of one call; tokens nobody told are 0."""

    role: Role
    status: int | None
    prompt_tokens: int
    output_tokens: int
    cost_nusd: int | None

    @classmethod
    def of(cls, call: CallRecord) -> Told:
        """Return what `call` tells."""
        prompt = call.usage.prompt_tokens if call.usage else 0
        output = call.usage.output_tokens if call.usage else 0
        return cls(call.role, call.status, prompt, output, call.cost_nusd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What is looked at of one decision about a draft.

    A `shadow` is an accepted draft once more, with what the verifier said of the same:
    no decision of its own, but a pair. `cut_off`: its draft may have been left in the
    middle, so its length tells nothing.
    """

    at: datetime
    outcome: OutcomeKind
    calls: Sequence[Told]
    baseline_nusd: int | None
    estimate_nusd: int | None
    cut_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over the decisions of one rule and pair of models, as of `at`.

    A pair is two whole answers to one request: of an escalation, or of an accepted
    draft and its shadow evaluation. `errors` are relative:
    the estimate over the truth, less one.
    """

    at: datetime | None = None
    accepted: float = 0.0
    escalated: float = 0.0
    drafts: float = 0.0
    draft_output_tokens: float = 0.0
    draft_nusd: float = 0.0
    baseline_nusd: float = 0.0
    pairs: float = 0.0
    pair_draft_prompt: float = 0.0
    pair_verifier_prompt: float = 0.0
    pair_draft_output: float = 0.0
    pair_verifier_output: float = 0.0
    errors: tuple[float, ...] = ()


SUMS = tuple(f.name for f in fields(Tally) if f.name not in ("at", "errors"))


def taught(tally: Tally, lessons: Iterable[Lesson]) -> Tally:
    """Return `tally` with `lessons` added, all faded to the latest of them."""
    sums, at, errors = _sums(tally), tally.at, list(tally.errors)
    for lesson in lessons:
        share = _left(at, lesson.at)
        if share < 1.0:
            sums = {name: value * share for name, value in sums.items()}
        if at is None or lesson.at > at:
            at = lesson.at
        _add(sums, lesson)
        errors += _errors(lesson)
    return Tally(at=at, errors=tuple(errors[-MAX_ERRORS:]), **sums)


def faded(tally: Tally, now: datetime) -> Tally:
    """Return `tally` as it counts at `now`; one from later than that counts whole."""
    if tally.at is None:
        return replace(tally, at=now)
    share = _left(tally.at, now)
    if share >= 1.0:
        return tally
    sums = {name: value * share for name, value in _sums(tally).items()}
    return Tally(at=now, errors=tally.errors, **sums)


def _sums(tally: Tally) -> dict[str, float]:
    return {name: getattr(tally, name) for name in SUMS}


def _left(at: datetime | None, now: datetime) -> float:
    """The share that what was summed at `at` counts at `now`."""
    age_s = (now - at).total_seconds() if at else 0.0
    return 0.5 ** (age_s / HALF_LIFE_S) if age_s > 0 else 1.0


def learned(tally: Tally) -> Learned:
    """Return what `tally` tells."""
    enough_outputs = tally.pairs >= MIN_OUTPUT_PAIRS and tally.pair_draft_output > 0
    enough_prompts = tally.pairs >= MIN_PROMPT_PAIRS and tally.pair_draft_prompt > 0
    return Learned(
        accepted=tally.accepted,
        escalated=tally.escalated,
        draft_output_tokens=(
            tally.draft_output_tokens / tally.drafts if tally.drafts else None
        ),
        draft_nusd=tally.draft_nusd,
        baseline_nusd=tally.baseline_nusd,
        output_ratio=(
            tally.pair_verifier_output / tally.pair_draft_output
            if enough_outputs
            else None
        ),
        token_ratio=(
            tally.pair_verifier_prompt / tally.pair_draft_prompt
            if enough_prompts
            else None
        ),
        error=median_error(tally.errors),
        error_samples=len(tally.errors),
    )


def median_error(errors: Sequence[float]) -> float | None:
    """Return the median size of relative errors; None with too few to tell."""
    if len(errors) < MIN_ERRORS:
        return None
    return statistics.median(map(abs, errors))


def _add(sums: dict[str, float], lesson: Lesson) -> None:
    draft = None if lesson.cut_off else _whole(lesson, "draft")
    verifier = _whole(lesson, "verifier")
    if lesson.outcome != "shadow":
        sums["accepted" if lesson.outcome == "accepted" else "escalated"] += 1
        _add_money(sums, lesson)
        sums["drafts"] += draft is not None
        sums["draft_output_tokens"] += draft.output_tokens if draft else 0
    if draft is None or verifier is None:
        return
    sums["pairs"] += 1
    sums["pair_draft_prompt"] += draft.prompt_tokens
    sums["pair_verifier_prompt"] += verifier.prompt_tokens
    sums["pair_draft_output"] += draft.output_tokens
    sums["pair_verifier_output"] += verifier.output_tokens


def _add_money(sums: dict[str, float], lesson: Lesson) -> None:
    costs = [call.cost_nusd for call in lesson.calls if call.role in FOR_A_DRAFT]
    known = [cost for cost in costs if cost is not None]
    if lesson.baseline_nusd is None or len(known) < len(costs):
        return
    sums["draft_nusd"] += sum(known)
    sums["baseline_nusd"] += lesson.baseline_nusd


def _whole(lesson: Lesson, role: str) -> Told | None:
    """The last call of `role` that was answered and told its tokens; None without."""
    told = [
        call
        for call in lesson.calls
        if call.role == role and call.status == 200 and call.output_tokens
    ]
    return told[-1] if told else None


def _errors(lesson: Lesson) -> list[float]:
    """The error of the estimate where there is one and the truth is known."""
    truth = sum(call.cost_nusd or 0 for call in lesson.calls if call.role == "verifier")
    if lesson.estimate_nusd is None or not truth:
        return []
    return [round(lesson.estimate_nusd / truth - 1, 4)]
