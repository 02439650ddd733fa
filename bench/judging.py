"""`python -m bench.judging`: what a taught judge adds to judging by the prior.

In one process, without anybody to ask: vetoes, route, features, gate. The ratio is to
the judge of a rule of which nothing is known, in the same run.
"""

from __future__ import annotations

import os
import random
import sys
from functools import partial

from django.conf import settings

from bench import procfs
from bench.quality.timing import SIZES, cases, measured
from routing.quality.deciding import JUDGE_BY_PRIOR, RuleJudge
from routing.quality.features.vector import NAMES
from routing.quality.knowledge import Knowledge
from routing.quality.learning import Labelled, learn
from routing.rule_terms import RuleTerms
from routing.types import ChatRequest, Completion

ROUNDS = 40
DECISIONS = 2_000
LABELS = 400
TERMS = RuleTerms(name="bench", threshold=0.7, prior=0.85, draft_timeout_s=60.0)
SEED = 6


class _Nobody:
    def second(self) -> None:
        """Return no second opinion."""

    def opinion(self, draft: Completion) -> None:
        """Return no word of a judge."""


def main() -> int:
    """Print the table and what memory came to; return the exit code."""
    taught = RuleJudge(known=_taught())
    _say("| size | kind | untaught, p50 | p95 | taught, p50 | p95 | ratio |")
    _say("|---|---|---|---|---|---|---|")
    for size, length in SIZES.items():
        for kind, (request, draft) in cases(length).items():
            before, after = (
                measured(partial(judge, request, draft, TERMS, _Nobody()), ROUNDS)
                for judge in (JUDGE_BY_PRIOR, taught)
            )
            _say(
                f"| {size} | {kind} | {before[0]:.2f} | {before[1]:.2f} | "
                f"{after[0]:.2f} | {after[1]:.2f} | {after[0] / before[0]:.0f} |"
            )
    request, draft = cases(SIZES["10 KB"])["prose"]
    _judged(taught, request, draft, DECISIONS // 4)
    held = procfs.memory(os.getpid()).rss_mb
    _judged(taught, request, draft, DECISIONS)
    more = procfs.memory(os.getpid()).rss_mb - held
    _say(f"\n{DECISIONS} decisions later: {more:+.2f} MB resident.")
    return 0


def _taught() -> Knowledge:
    chooser = random.Random(SEED)  # noqa: S311
    rows = [
        Labelled(
            features=tuple(chooser.gauss(good, 1.0) for _ in NAMES),
            as_good=bool(good),
            route="ab12",
            group=str(number),
        )
        for number in range(LABELS)
        for good in (number % 2,)
    ]
    learned = learn(rows, fitted_at="2026-01-01", prior=TERMS.prior)
    if learned is None:
        raise AssertionError("nothing was learned")
    return Knowledge(labels=LABELS, version=1, gate=learned.gate, routes=learned.routes)


def _judged(
    judge: RuleJudge, request: ChatRequest, draft: Completion, count: int
) -> None:
    for _ in range(count):
        judge(request, draft, TERMS, _Nobody())


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    if not settings.configured:
        settings.configure()
    sys.exit(main())
