"""Three ways to answer the month: verifier only, a cascade, and one behind the gate.

The gate, the baseline and what is learned are the product's own code; only the cache
they are held against is the exact one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bench.economics.traffic import Ask
from bench.economics.world import Model
from metrics.baseline import baseline_of, estimate_nusd
from metrics.caching import TTL_S, Cached, Caches, cacheable_tokens
from metrics.learning import Lesson, Tally, Told, learned, taught
from metrics.pricing import cost_nusd
from metrics.stakes import Stakes
from metrics.types import CallRecord
from routing.economics import expected_costs, prospect_of

PRIOR = 0.85
BEGIN = datetime(2026, 11, 2, 8, tzinfo=UTC)
# What is learned reaches the workers about once a minute; here after so many lessons.
LESSONS_AT_ONCE = 20

ModelPair = tuple[Callable[[], Model], Callable[[], Model]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a month cost, what was said it would have cost, and how drafts went.

    `errors` are those of the estimate on escalations of the month's second half, with
    ratios learned from the first half alone. `floor` are those of an estimate that
    knows all but how far this one answer's length strays: nothing can be nearer.
    """

    spent_nusd: int
    baseline_nusd: int
    drafted: int
    accepted: int
    errors: tuple[float, ...]
    floor: tuple[float, ...]


def verifier_only(asks: Iterable[Ask], verifier: Model) -> int:
    """Return what the month costs without any draft, exactly."""
    return sum(verifier.ask(ask).cost_nusd or 0 for ask in asks)


class Cascade:
    """A cascade over the month; `gated` asks drafts only where they pay."""

    def __init__(
        self,
        draft: Model,
        verifier: Model,
        stakes: Stakes,
        *,
        gated: bool,
        true_ratio: float,
    ) -> None:
        self._draft = draft
        self._verifier = verifier
        self._stakes = self._frozen = stakes
        self._gated = gated
        self._true_ratio = true_ratio
        self._tally = Tally()
        self._lessons: list[Lesson] = []
        self._memory: dict[int, Caches] = {}
        self._loops: dict[int, bool] = {}
        self._drafted = self._accepted = 0

    def run(self, asks: Sequence[Ask]) -> Result:
        """Return how the month went."""
        spent = baseline = 0
        errors: list[float] = []
        floor: list[float] = []
        half = asks[len(asks) // 2].at
        for ask in asks:
            caches = replace(self._memory.get(ask.conversation, Caches()), now=ask.at)
            calls = self._answer(ask, caches)
            spent += sum(call.cost_nusd or 0 for call in calls)
            alone = baseline_of(calls, self._stakes, caches)
            baseline += alone.nusd or 0
            if len(calls) == 2 and ask.at >= half:
                errors.append(_error(calls, self._frozen, caches))
                floor.append(_least_error(calls, self._true_ratio))
            self._learn(ask, calls, alone.nusd, until=half)
            self._remember(ask, calls, caches)
        return Result(
            spent_nusd=spent,
            baseline_nusd=baseline,
            drafted=self._drafted,
            accepted=self._accepted,
            errors=tuple(errors),
            floor=tuple(floor),
        )

    def _answer(self, ask: Ask, caches: Caches) -> list[CallRecord]:
        """A loop goes on with the model that called its tools."""
        drafts_loop = ask.opens_turn or self._loops.get(ask.conversation, False)
        if not drafts_loop or (self._gated and not self._worth_it(ask, caches)):
            self._loops[ask.conversation] = False
            return [self._verifier.ask(ask)]
        self._drafted += 1
        self._accepted += ask.accepted
        self._loops[ask.conversation] = ask.accepted
        draft = self._draft.ask(ask)
        return [draft] if ask.accepted else [draft, self._verifier.ask(ask)]

    def _worth_it(self, ask: Ask, caches: Caches) -> bool:
        prospect = prospect_of(
            ask.estimated_tokens,
            marked=ask.cacheable_tokens > 0,
            long=False,
            stakes=self._stakes,
            caches=caches,
        )
        acceptance = self._stakes.learned.expected_acceptance(PRIOR)
        expected = expected_costs(
            prospect, acceptance=acceptance, stakes=self._stakes, caches=caches
        )
        return expected is None or expected.worth_it

    def _learn(
        self, ask: Ask, calls: list[CallRecord], alone: int | None, *, until: float
    ) -> None:
        if calls[0].role != "draft":
            return
        lesson = Lesson(
            at=BEGIN + timedelta(seconds=ask.at),
            outcome="accepted" if ask.accepted else "escalated",
            calls=[Told.of(call) for call in calls],
            baseline_nusd=alone,
            estimate_nusd=None,
        )
        self._lessons.append(lesson)
        if len(self._lessons) < LESSONS_AT_ONCE:
            return
        self._tally = taught(self._tally, self._lessons)
        self._lessons.clear()
        known = learned(self._tally)
        self._stakes = replace(
            self._stakes,
            learned=known,
            token_ratio=known.token_ratio or 1.0,
            output_ratio=known.output_ratio or 1.0,
        )
        if ask.at < until:
            self._frozen = self._stakes

    def _remember(self, ask: Ask, calls: list[CallRecord], caches: Caches) -> None:
        before = caches
        for call in calls:
            usage = call.usage
            if usage is None or not cacheable_tokens(usage):
                continue
            cached = Cached(
                tokens=cacheable_tokens(usage),
                at=ask.at,
                ttl_s=TTL_S,
                prompt_tokens=usage.prompt_tokens,
                estimated_tokens=ask.estimated_tokens,
                gap_s=before.gap_s,
            )
            if call.role == "draft":
                caches = replace(caches, draft=cached, alone=cached)
            else:
                caches = replace(caches, verifier=cached, alone=cached)
        self._memory[ask.conversation] = caches


def _error(calls: list[CallRecord], stakes: Stakes, caches: Caches) -> float:
    """How far the estimate is off what the verifier did cost, as a share of it."""
    estimate = estimate_nusd(calls, stakes, caches) or 0
    truth = calls[-1].cost_nusd or 1
    return abs(estimate / truth - 1)


def _least_error(calls: list[CallRecord], true_ratio: float) -> float:
    """How far off the verifier's own usage is with the length its answers mostly have.

    All else is as it was: its prompt and its cache.
    """
    (draft, verifier) = calls
    if not (draft.usage and verifier.usage and verifier.price):
        return 0.0
    output = round(draft.usage.output_tokens * true_ratio)
    likely = replace(verifier.usage, output_tokens=output)
    return abs((cost_nusd(likely, verifier.price) or 0) / (verifier.cost_nusd or 1) - 1)
