"""What was learned of each rule: the keeper keeps it fresh, workers read it.

It may be lost: it is learned anew from the decisions that are there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Max
from django.utils import timezone

from metrics.bulk import in_chunks, without_collecting
from metrics.learning import SUMS, Lesson, Tally, Told, faded, learned, taught
from metrics.models import RoutingDecision, RuleStats
from metrics.rows import call_told
from metrics.stakes import Learned, RuleKey, pause_in_words
from metrics.types import TRY_TAG

logger = logging.getLogger(__name__)
REFRESH_S = 60.0
# So many decisions are learned from in one transaction.
BATCH = 2_000
# Older decisions count next to nothing.
LOOK_BACK = timedelta(days=7)

Outcome = RoutingDecision.Outcome
# Drafts of these may have been left before their end.
_CUT_OFF = ("veto:unknown_tool", "veto:invalid_tool_input", "draft_timeout")
_DRAFTED = (Outcome.ACCEPTED, Outcome.ESCALATED)


class _Row(NamedTuple):
    """The columns of a decision that are looked at, in the order they are read."""

    pk: int
    rule: str
    draft_model: str
    verifier_model: str
    simulated: bool
    started_at: datetime
    outcome: str
    reason: str
    calls: list[list[Any]]
    baseline_nusd: int | None
    estimate_nusd: int | None
    tag: str
    aborted: bool
    about: str

    @property
    def teaches(self) -> bool:
        """Whether a client's draft was judged; what somebody tried out says little."""
        judged = self.rule and self.outcome in _DRAFTED
        return bool(judged and not self.aborted and self.tag != TRY_TAG)

    @property
    def pairs(self) -> bool:
        """Whether the verifier was asked what an accepted draft had answered."""
        return bool(self.rule and self.about and self.outcome == Outcome.SHADOW)

    @property
    def key(self) -> RuleKey:
        """What is learned together with this."""
        return RuleKey(self.rule, self.draft_model, self.verifier_model, self.simulated)


def load(now: datetime | None = None) -> dict[RuleKey, Learned]:
    """Return what is learned, as it counts now. One query."""
    now = now or timezone.now()
    return {
        _key(row): learned(faded(_tally(row), now)) for row in RuleStats.objects.all()
    }


@without_collecting()
def refresh(after_id: int) -> int:
    """Learn from the next decisions after `after_id`; the last one comes back.

    At most `BATCH`, in one transaction with how far we came. Decisions that another
    host's keeper commits late, with a lower id, teach nothing.
    """
    unread = RoutingDecision.objects.filter(pk__gt=after_id).order_by("pk")
    rows = [_Row(*row) for row in unread.values_list(*_Row._fields)[:BATCH]]
    if not rows:
        return after_id
    last_id = rows[-1].pk
    accepted = _accepted([row.about for row in rows if row.pairs])
    lessons: dict[RuleKey, list[Lesson]] = {}
    for row in rows:
        if row.teaches:
            lessons.setdefault(row.key, []).append(_lesson(row))
        elif row.pairs and row.about in accepted:
            pair = _pair(row, accepted[row.about])
            lessons.setdefault(row.key, []).append(pair)
    with transaction.atomic():
        for key, taught_by in lessons.items():
            _teach(key, taught_by, last_id)
    return last_id


def known_until() -> int:
    """Return the last decision that was learned from, or that is too old to be."""
    known = RuleStats.objects.aggregate(last=Max("last_id"))["last"]
    oldest = timezone.now() - LOOK_BACK
    first = (
        RoutingDecision.objects.filter(started_at__gte=oldest)
        .order_by("started_at")
        .values_list("pk", flat=True)
        .first()
    )
    return max(known or 0, first - 1 if first else 0)


class Teacher:
    """Keeps what is learned fresh from within the keeper, and says what changed."""

    def __init__(
        self,
        *,
        every_s: float = REFRESH_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every_s = every_s
        self._clock = clock
        self._due_at = float("-inf")
        self._after_id: int | None = None
        self._paused: set[RuleKey] | None = None

    def work(self) -> None:
        """Learn when it is time to; never raises for a database that is away."""
        if self._clock() < self._due_at:
            return
        self._due_at = self._clock() + self._every_s
        try:
            self._learn()
        except (DatabaseError, InterfaceError) as problem:
            self._after_id = None
            logger.warning("Nothing is learned from decisions: %s", problem)

    def _learn(self) -> None:
        if self._after_id is None:
            self._after_id = known_until()
        before = self._after_id
        self._after_id = refresh(before)
        if self._after_id - before >= BATCH:  # there may be more
            self._due_at = float("-inf")
        self._report(load())

    def _report(self, stats: Mapping[RuleKey, Learned]) -> None:
        """Log which rules paused or came back since the last look."""
        paused = {key for key, known in stats.items() if known.paused}
        for key in sorted(paused - (self._paused or set())):
            logger.warning("%s", pause_in_words(key, stats[key]))
        for key in sorted((self._paused or set()) - paused):
            logger.warning("The rule %s asks drafts again.", key.rule)
        self._paused = paused


def _accepted(ids: Sequence[str]) -> dict[str, list[list[Any]]]:
    """The calls of those of these decisions whose draft was accepted, by id."""
    found: dict[str, list[list[Any]]] = {}
    for some in in_chunks(ids):
        decisions = RoutingDecision.objects.filter(
            decision_id__in=some, outcome=Outcome.ACCEPTED
        )
        rows: Iterable[Any] = decisions.values_list("decision_id", "calls")
        found |= dict(rows)
    return found


def _teach(key: RuleKey, lessons: Iterable[Lesson], last_id: int) -> None:
    row = RuleStats.objects.filter(**key._asdict()).first()
    tally = taught(_tally(row) if row else Tally(), lessons)
    RuleStats.objects.update_or_create(
        **key._asdict(),
        defaults={
            "last_id": last_id,
            "as_of": tally.at or timezone.now(),
            "sums": {name: round(getattr(tally, name), 6) for name in SUMS},
            "errors": list(tally.errors),
        },
    )


def _tally(row: RuleStats) -> Tally:
    sums = {name: float(row.sums.get(name, 0.0)) for name in SUMS}
    return Tally(at=row.as_of, errors=tuple(row.errors), **sums)


def _key(row: RuleStats) -> RuleKey:
    return RuleKey(row.rule, row.draft_model, row.verifier_model, row.simulated)


def _lesson(row: _Row) -> Lesson:
    return Lesson(
        at=row.started_at,
        outcome="accepted" if row.outcome == "accepted" else "escalated",
        calls=[Told(*call_told(call)) for call in row.calls],
        baseline_nusd=row.baseline_nusd,
        estimate_nusd=row.estimate_nusd,
        cut_off=row.reason in _CUT_OFF,
    )


def _pair(shadow: _Row, calls: Sequence[list[Any]]) -> Lesson:
    """The draft of a decision with what a shadow evaluation made the verifier say."""
    drafts = [Told(*call_told(call)) for call in calls if call[0] == "draft"]
    asked = [Told(*call_told(call)) for call in shadow.calls if call[0] == "shadow"]
    return Lesson(
        at=shadow.started_at,
        outcome="shadow",
        calls=[*drafts, *(each._replace(role="verifier") for each in asked)],
        baseline_nusd=None,
        estimate_nusd=None,
    )
