"""Certificates of rules: issued by labels, ended by drift, another gate, or unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Max, Sum
from django.utils import timezone

from metrics.label_models import Label
from metrics.rollup_models import DailyRollup
from routing.knowledge_loading import knowledge_of
from routing.models import CascadeRule, RuleCertificate, RuleKnowledge
from routing.quality.certificate import Certificate, Judged, Promise, certify, drifted
from routing.quality.knowledge import ROUTE_LABELS, Knowledge
from routing.quality.ranking import steps_of
from routing.quality.weighing import Asking, Weighing
from routing.teaching import GROWTH, MAX_WEIGHT, Lesson
from routing.types import When

State = RuleCertificate.State
# Why a certificate lapsed whose labels no longer count.
DRIFTED = "recent drafts are worse than promised"
# Why one lapsed that nobody could have noticed to be broken.
UNWATCHED = "too few labels came lately to tell whether it still holds"
UNWATCHED_AFTER = timedelta(days=2)
# So many labels should have come of what was accepted meanwhile; and so many must come
# before there is another certificate.
MISSED_LABELS = 10
# Where nothing is evaluated in the shadow, labels are expected of this share.
EXPECTED_SHARE = 0.05


def review(
    rule: CascadeRule, known: RuleKnowledge, lessons: Sequence[Lesson]
) -> RuleCertificate | None:
    """Return the certificate that changed, None when all stays as it is.

    Tested on what came after the gate was taught, and on what was drawn at random. One
    that lapsed for another reason than drift is followed by a new one at once, where
    the labels there are prove it.
    """
    newest = RuleCertificate.objects.filter(rule=rule.name).first()
    knowledge = knowledge_of(known)
    rows = judged_by(rule, knowledge, fresh(known, lessons))
    in_force = newest if newest and newest.state == State.IN_FORCE else None
    promise = promise_of(rule, rows)
    if in_force and (why := _against(in_force, rule, known, rows, promise)):
        newest = _lapsed(in_force, why)
        if why == DRIFTED:
            return newest
    if newest and newest.why == UNWATCHED:
        if newest.threshold is not None and drifted(rows, newest.threshold, promise):
            return _lapsed(newest, DRIFTED)
        if not _watched_again(newest):
            return None
    found = certify(rows, _steps(knowledge), promise)
    return _issued(rule, known, found, promise, newest)


def lapse_unwatched(rule: CascadeRule) -> RuleCertificate | None:
    """Return the certificate of `rule` that ends because labels stay away; else None.

    A quiet rule may do without them: drafts must have been accepted, as many as would
    have brought ten labels, and for two days none came. Cost: up to three queries.
    """
    newest = RuleCertificate.objects.filter(rule=rule.name).first()
    if newest is None or newest.state != State.IN_FORCE:
        return None
    drawn = Label.objects.filter(
        rule=rule.name, outcome="accepted", probability__isnull=False
    )
    last = drawn.aggregate(at=Max("decided_at"))["at"]
    since = max(newest.issued_at, last or newest.issued_at)
    if timezone.now() - since < UNWATCHED_AFTER:
        return None
    share = rule.shadow_percent / 100 or EXPECTED_SHARE
    if _accepted_after(rule, since) * share < MISSED_LABELS:
        return None
    return _lapsed(newest, UNWATCHED)


def promise_of(rule: CascadeRule, rows: Sequence[Judged] = ()) -> Promise:
    """Return what the certificates of `rule` promise.

    The heaviest label is one by the share that is evaluated in the shadow, or was when
    `rows` were drawn: set by the rule, whatever the labels say.
    """
    share = max(rule.shadow_percent / 100, 1 / MAX_WEIGHT)
    drawn = 1 / share if rule.shadow_percent else 1.0
    return Promise(
        harm=rule.max_harm_percent / 100,
        sure=rule.certificate_confidence / 100,
        heaviest=max([drawn, *(row.weight for row in rows)]),
    )


def fresh(known: RuleKnowledge, lessons: Sequence[Lesson]) -> list[Lesson]:
    """Return the lessons that the gate has not seen and that stand for others.

    After drafts became worse, what came before that was noticed proves nothing any
    more; a gate that was taught anew or another promise takes nothing from it.
    """
    worse = RuleCertificate.objects.filter(rule=known.rule, why=DRIFTED)
    noticed = worse.aggregate(at=Max("ended_at"))["at"]
    since = max(known.taught_until, noticed or known.taught_until)
    return [lesson for lesson in lessons if lesson.drawn and lesson.decided_at > since]


def judged_by(
    rule: CascadeRule, knowledge: Knowledge, lessons: Sequence[Lesson]
) -> list[Judged]:
    """Return `lessons` as `rule` would judge them now; none while it is new.

    Who would be asked now and was not asked then has nothing to say.
    """
    if knowledge.cold:
        return []
    asking = Asking(
        second=cast(When, rule.second_asked),
        judge=cast(When, rule.judge_asked),
        paused=knowledge.checks_paused,
    )
    return [
        Judged(
            confidence=_confidence(rule, knowledge, asking, lesson),
            worse=not lesson.labelled.as_good,
            weight=lesson.labelled.weight,
        )
        for lesson in lessons
    ]


def _confidence(
    rule: CascadeRule, knowledge: Knowledge, asking: Asking, lesson: Lesson
) -> float:
    """What the judge of a rule would come to; 0 for what it would not accept at all."""
    if lesson.vetoed:
        return 0.0
    row = lesson.labelled
    weighing = Weighing(knowledge, asking, row.route, row.features)
    found = weighing.weighed(rule.prior, _Recorded(lesson))
    return found.confidence if found.supported else 0.0


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What others said of a draft when it was decided."""

    lesson: Lesson

    def second(self) -> Sequence[float]:
        return self.lesson.labelled.second or ()

    def opinion(self) -> float | None:
        return self.lesson.judged


def _accepted_after(rule: CascadeRule, moment: datetime) -> int:
    """How many drafts were accepted on the days after that of `moment`."""
    days = DailyRollup.objects.filter(
        rule=rule.name, outcome="accepted", day__gt=timezone.localdate(moment)
    )
    accepted: int = days.aggregate(sum=Sum("decisions", default=0))["sum"]
    return accepted


def _watched_again(row: RuleCertificate) -> bool:
    """Whether labels enough have come since nobody could see what became of drafts.

    Those of escalations say nothing of what is accepted; those of observed drafts do.
    """
    drawn = Label.objects.filter(rule=row.rule, probability__isnull=False)
    came = drawn.filter(decided_at__gt=row.ended_at).exclude(outcome="escalated")
    return came.count() >= MISSED_LABELS


def _steps(knowledge: Knowledge) -> Sequence[float]:
    """The thresholds to test: of the gate, or of base rates while there is none."""
    if knowledge.gate is not None:
        return knowledge.gate.steps
    return steps_of(knowledge.routes.rates(ROUTE_LABELS)) if knowledge.routes else ()


def _against(
    row: RuleCertificate,
    rule: CascadeRule,
    known: RuleKnowledge,
    rows: Sequence[Judged],
    promise: Promise,
) -> str:
    """Why a certificate no longer holds; "" when it does."""
    if row.knowledge_version != known.version:
        return "what was learned of the rule has changed"
    if row.asking != rule.asks(paused=known.checks_paused):
        return "others are asked about its drafts now, or at other times"
    if (row.harm, row.sure) != (promise.harm, promise.sure):
        return "the rule promises something else now"
    if row.threshold is not None and drifted(rows, row.threshold, promise):
        return DRIFTED
    return ""


def _lapsed(row: RuleCertificate, why: str) -> RuleCertificate:
    row.state, row.ended_at, row.why = State.LAPSED, timezone.now(), why
    row.save()
    return row


def _issued(
    rule: CascadeRule,
    known: RuleKnowledge,
    found: Certificate,
    promise: Promise,
    newest: RuleCertificate | None,
) -> RuleCertificate | None:
    """The certificate for `found`, written only where it says something new."""
    state = State.IN_FORCE if found.threshold is not None else State.NOT_CERTIFIABLE
    values: dict[str, Any] = {
        "state": state,
        "knowledge_version": known.version,
        "harm": promise.harm,
        "sure": promise.sure,
        "threshold": found.threshold,
        "bound": round(found.bound, 4),
        "labels": found.labels,
        "asking": rule.asks(paused=known.checks_paused),
    }
    told = ("state", "knowledge_version", "harm", "sure", "threshold", "asking")
    if newest and all(getattr(newest, name) == values[name] for name in told):
        if found.labels > newest.labels * (1 + GROWTH):
            newest.labels, newest.bound = found.labels, round(found.bound, 4)
            newest.save()
        return None
    return RuleCertificate.objects.create(rule=rule.name, **values)
