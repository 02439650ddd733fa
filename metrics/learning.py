"""What decisions teach about a rule: sums that fade, and from them what holds.

Pure: `metrics.rule_stats` reads the decisions and keeps the sums.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from metrics.stakes import (
    MIN_ERRORS,
    MIN_OUTPUT_PAIRS,
    MIN_PROMPT_PAIRS,
    Learned,
)
from metrics.types import CallRecord, OutcomeKind, Usage

# After so long a decision counts half.
HALF_LIFE_S = 24 * 3600.0
# Of so many escalations the error of the estimate is kept, the newest.
MAX_ERRORS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What is looked at of one decision about a draft."""

    at: datetime
    outcome: OutcomeKind
    calls: Sequence[CallRecord]
    baseline_nusd: int | None
    estimate_nusd: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over the decisions of one rule and pair of models, as of `at`.

    A pair is an escalation both of whose answers are whole. `errors` are relative:
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
    for lesson in lessons:
        tally = _added(faded(tally, lesson.at), lesson)
    return tally


def faded(tally: Tally, now: datetime) -> Tally:
    """Return `tally` as it counts at `now`; one from later than that counts whole."""
    if tally.at is None:
        return replace(tally, at=now)
    age_s = (now - tally.at).total_seconds()
    if age_s <= 0:
        return tally
    share = 0.5 ** (age_s / HALF_LIFE_S)
    sums = {name: getattr(tally, name) * share for name in SUMS}
    return replace(tally, at=now, **sums)


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


def _added(tally: Tally, lesson: Lesson) -> Tally:
    accepted = lesson.outcome == "accepted"
    tally = replace(
        tally,
        accepted=tally.accepted + accepted,
        escalated=tally.escalated + (not accepted),
    )
    return _with_error(_with_pair(_with_money(tally, lesson), lesson), lesson)


def _with_money(tally: Tally, lesson: Lesson) -> Tally:
    costs = [call.cost_nusd for call in lesson.calls if call.role == "draft"]
    known = [cost for cost in costs if cost is not None]
    if lesson.baseline_nusd is None or len(known) < len(costs):
        return tally
    return replace(
        tally,
        draft_nusd=tally.draft_nusd + sum(known),
        baseline_nusd=tally.baseline_nusd + lesson.baseline_nusd,
    )


def _with_pair(tally: Tally, lesson: Lesson) -> Tally:
    draft, verifier = _whole(lesson, "draft"), _whole(lesson, "verifier")
    if draft is None:
        return tally
    tally = replace(
        tally,
        drafts=tally.drafts + 1,
        draft_output_tokens=tally.draft_output_tokens + draft.output_tokens,
    )
    if verifier is None:
        return tally
    return replace(
        tally,
        pairs=tally.pairs + 1,
        pair_draft_prompt=tally.pair_draft_prompt + draft.prompt_tokens,
        pair_verifier_prompt=tally.pair_verifier_prompt + verifier.prompt_tokens,
        pair_draft_output=tally.pair_draft_output + draft.output_tokens,
        pair_verifier_output=tally.pair_verifier_output + verifier.output_tokens,
    )


def _whole(lesson: Lesson, role: str) -> Usage | None:
    """The usage of the last call of `role` that was answered; None without one."""
    told = [
        call.usage
        for call in lesson.calls
        if call.role == role and call.status == 200 and call.usage is not None
    ]
    return told[-1] if told and told[-1].output_tokens else None


def _with_error(tally: Tally, lesson: Lesson) -> Tally:
    truth = sum(call.cost_nusd or 0 for call in lesson.calls if call.role == "verifier")
    if lesson.estimate_nusd is None or not truth:
        return tally
    error = round(lesson.estimate_nusd / truth - 1, 4)
    return replace(tally, errors=(*tally.errors, error)[-MAX_ERRORS:])
