"""Certificates of rules: issued by labels, ended by drift or by another gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from routing.knowledge_loading import knowledge_of
from routing.models import CascadeRule, RuleCertificate, RuleKnowledge
from routing.quality.certificate import Certificate, Judged, Promise, certify, drifted
from routing.quality.knowledge import Knowledge
from routing.quality.learning import inputs
from routing.teaching import GROWTH, MAX_WEIGHT, Lesson

State = RuleCertificate.State


def review(
    rule: CascadeRule, known: RuleKnowledge, lessons: Sequence[Lesson]
) -> RuleCertificate | None:
    """Return the certificate that changed, None when all stays as it is.

    Tested on what came after the gate was taught, and on what was drawn at random.
    """
    newest = RuleCertificate.objects.filter(rule=rule.name).first()
    rows = judged_by(knowledge_of(known), fresh(known, lessons, newest))
    in_force = newest if newest and newest.state == State.IN_FORCE else None
    promise = promise_of(rule, rows)
    if in_force and (why := _against(in_force, known, rows, promise)):
        return _lapsed(in_force, why)
    found = certify(rows, _steps(known), promise)
    return _issued(rule, known, found, promise, newest)


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


def fresh(
    known: RuleKnowledge, lessons: Sequence[Lesson], newest: RuleCertificate | None
) -> list[Lesson]:
    """Return the lessons that the gate has not seen and that stand for others.

    After a certificate lapsed, what came before its end proves nothing any more.
    """
    since = known.taught_until
    if newest and newest.state == State.LAPSED and newest.ended_at:
        since = max(since, newest.ended_at)
    return [lesson for lesson in lessons if lesson.drawn and lesson.decided_at > since]


def judged_by(knowledge: Knowledge, lessons: Sequence[Lesson]) -> list[Judged]:
    """Return `lessons` as the gate would judge them now."""
    gate, routes = knowledge.gate, knowledge.routes
    if gate is None or routes is None:
        return []
    rows = []
    for lesson in lessons:
        row = lesson.labelled
        posterior = routes.posterior(row.route)
        judge, second = gate, None
        if row.second is not None and knowledge.pair is not None:
            judge, second = knowledge.pair, row.second
        taken = inputs(row.features, posterior, second)
        confidence = judge.confidence(taken, row.route)
        rows.append(
            Judged(confidence=confidence, worse=not row.as_good, weight=row.weight)
        )
    return rows


def _steps(known: RuleKnowledge) -> Sequence[float]:
    gate = known.gate
    return tuple(gate["steps"]) if gate else ()


def _against(
    row: RuleCertificate,
    known: RuleKnowledge,
    rows: Sequence[Judged],
    promise: Promise,
) -> str:
    """Why a certificate no longer holds; "" when it does."""
    if row.knowledge_version != known.version:
        return "what was learned of the rule has changed"
    if (row.harm, row.sure) != (promise.harm, promise.sure):
        return "the rule promises something else now"
    if row.threshold is not None and drifted(rows, row.threshold, promise):
        return "recent drafts are worse than promised"
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
    }
    told = ("state", "knowledge_version", "harm", "sure", "threshold")
    if newest and all(getattr(newest, name) == values[name] for name in told):
        if found.labels > newest.labels * (1 + GROWTH):
            newest.labels, newest.bound = found.labels, values["bound"]
            newest.save()
        return None
    return RuleCertificate.objects.create(rule=rule.name, **values)
