"""What is lived through in a town, and what must be so at its end."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from bench.loop.pairs import Pair, mixed
from bench.loop.town import Town
from tests.stack import wait_for

GOOD, POOR = 0.98, 0.3
STEADY = 0.95
# Days whose traffic is asked before the rules learn from it, and how often that is.
DAYS_A_LESSON, LESSONS = 3, 3
# Some days more may pass before labels prove enough.
MORE_DAYS = 8
# A certificate looks at so many labels of accepted drafts.
WINDOW = 200
SEED = 6


class Story:
    """Tells `say` what it sees; raises AssertionError where it is not as promised."""

    def __init__(
        self,
        town: Town,
        pairs: Sequence[Pair],
        *,
        each_day: int,
        say: Callable[[str], None],
    ) -> None:
        self._town = town
        self._pairs = pairs
        self._each_day = each_day
        self._say = say
        self._chooser = random.Random(SEED)  # noqa: S311

    def nine_days(self) -> dict[str, float]:
        """Good drafts end up served and poor ones not; shares of day 9 come back."""
        traffics = {"good": GOOD, "poor": POOR, "steady": STEADY}
        for lesson in range(1, LESSONS + 1):
            for traffic, good in traffics.items():
                self._town.day(
                    traffic, self._mixed(DAYS_A_LESSON * self._each_day, good)
                )
            told = self._town.night(days=DAYS_A_LESSON)
            self._say(f"day {DAYS_A_LESSON * lesson}: {told}")
        shares = {
            traffic: self._town.day(traffic, self._mixed(self._each_day, good)).share
            for traffic, good in traffics.items()
        }
        self._say(f"accepted then: {shares}")
        _must(shares["good"] >= 0.85, shares)
        _must(shares["poor"] <= 0.15, shares)
        return shares

    def day_ten(self) -> int:
        """A certified draft model degrades; labels until it was noticed come back."""
        told = self._until_certified()
        labels, seen = self._town.labels("steady"), 0
        while told["steady"]["certificate"] == "in_force":
            pairs = self._mixed(self._each_day, GOOD)
            self._town.playbook.degrade("steady", pairs)
            share = self._town.day("steady", pairs).share
            told = self._town.night(days=0)
            seen = self._town.labels("steady") - labels
            self._say(
                f"degraded: accepted {share:.0%}, {seen} labels: {told['steady']}"
            )
            _must(seen <= WINDOW, "not noticed within the window")
        after = self._town.day("steady", self._mixed(self._each_day, GOOD)).share
        self._say(f"noticed after {seen} labels; accepted then: {after:.0%}")
        _must(after == 0.0, after)
        return seen

    def a_restart(self) -> int:
        """Kill -9 in the middle of traffic; how many answers were given comes back."""
        self._town.settle()
        before = self._town.learned()
        pairs = self._mixed(self._each_day, GOOD)
        self._town.day("good", pairs[: len(pairs) // 2])
        self._town.stack.kill()
        self._town.stack.start()
        self._town.day("good", pairs[len(pairs) // 2 :])
        self._town.settle()
        after = self._town.learned()
        lost = [row for row in before if row not in after]
        _must(not lost, lost[:3])
        self._say(
            f"kill -9: all of {len(self._town.answered)} answered decisions are there, "
            f"and all {len(before)} rows of labels and knowledge"
        )
        return len(self._town.answered)

    def two_workers(self) -> list[tuple[str, str]]:
        """Both workers judge one request alike, by what was just learned."""
        pair = next(pair for pair in self._pairs if pair.as_good)
        self._town.playbook.add("good", [pair])
        self._town.night(days=0)
        told = wait_for(
            "workers that agree",
            lambda: _alike(self._town.confidences("good", pair)),
            timeout_s=5.0,
        )
        self._say(f"two workers: {told}")
        return told

    def _until_certified(self) -> dict[str, dict[str, object]]:
        told = self._town.night()
        for _ in range(MORE_DAYS):
            if told["steady"].get("certificate") == "in_force":
                break
            self._town.day("steady", self._mixed(self._each_day, STEADY))
            told = self._town.night()
        _must(told["steady"].get("certificate") == "in_force", told["steady"])
        return told

    def _mixed(self, count: int, good: float) -> list[Pair]:
        return mixed(self._pairs, count, good=good, chooser=self._chooser)


def _must(held: object, seen: object) -> None:
    if not held:
        raise AssertionError(f"not as promised: {seen}")


def _alike(told: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return told if len(told) == 2 and len(set(told)) == 1 else []
