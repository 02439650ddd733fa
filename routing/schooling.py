"""What the keeper does about rules: teach, certify, mind what checking costs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Max, Sum
from django.utils import timezone

from metrics import alerts
from metrics.label_models import Label
from metrics.rollup_models import DailyRollup
from routing import certifying, teaching
from routing.models import CascadeRule, RuleCertificate, RuleKnowledge
from routing.quality.knowledge import COLD_LABELS

logger = logging.getLogger(__name__)
BUDGET_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What became of a rule: its knowledge, and what changed of it just now."""

    rule: str
    lessons: int
    known: RuleKnowledge | None
    refitted: bool
    certificate: RuleCertificate | None


class School:
    """Looks at every rule, only for a moment where there are no new labels."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int, str]] = {}

    def work(self) -> list[Progress]:
        """Return what became of the rules that have new labels; fits them here.

        So it does where others are asked about drafts than at the last look.
        """
        made = []
        for rule in CascadeRule.objects.filter(enabled=True):
            labels = Label.objects.filter(rule=rule.name).aggregate(
                count=Count("pk"), last=Max("pk")
            )
            asks = rule.asks(paused=mind_budget(rule))
            standing = (labels["count"], labels["last"] or 0, asks)
            if standing[0] and standing != self._seen.get(rule.name):
                made.append(teach(rule))
                self._seen[rule.name] = standing
            if lapsed := certifying.lapse_unwatched(rule):
                _tell(lapsed)
        return made


def teach(rule: CascadeRule, *, force: bool = False) -> Progress:
    """Teach one rule by the labels there are; log what changed.

    With `force` also where few labels are new.
    """
    lessons = teaching.lessons_of(rule)
    fitted = teaching.refresh(rule, lessons, force=force)
    known = fitted or teaching.current(rule)
    changed = certifying.review(rule, known, lessons) if known else None
    if fitted is not None:
        logger.info("%s was taught by %d labelled drafts.", fitted, len(lessons))
    if changed is not None:
        _tell(changed)
    return Progress(
        rule=rule.name,
        lessons=len(lessons),
        known=known,
        refitted=fitted is not None,
        certificate=changed,
    )


def _tell(row: RuleCertificate) -> None:
    """Log what became of a certificate; who gets alerts is told when one lapses."""
    words = in_words(row)
    logger.warning("%s", words)
    if row.state == RuleCertificate.State.LAPSED:
        alerts.tell(f"certificate-lapsed-{row.pk}", words, words)


def in_words(row: RuleCertificate) -> str:
    """Return what a certificate says, in a sentence."""
    promise = f"at most {row.harm:.1%} of accepted answers are worse"
    if row.state == RuleCertificate.State.IN_FORCE:
        return (
            f"The rule {row.rule} is certified: {promise}, at {row.sure:.0%} "
            f"confidence, from a threshold of {row.threshold:.2f} on, by {row.labels} "
            "labels."
        )
    if row.state == RuleCertificate.State.LAPSED:
        return f"The certificate of the rule {row.rule} has lapsed: {row.why}."
    best = "nothing yet" if row.bound >= 1 else f"{row.bound:.1%}"
    return (
        f"The rule {row.rule} cannot be certified: no label proves that {promise}; "
        f"the best it can promise is {best}."
    )


def mind_budget(rule: CascadeRule) -> bool:
    """Pause checks that cost more than their share of savings; whether they pause."""
    known = teaching.current(rule)
    if known is None:
        return False
    since = timezone.localdate() - timedelta(days=BUDGET_DAYS)
    sums = DailyRollup.objects.filter(rule=rule.name, day__gt=since).aggregate(
        cost=Sum("cost_nusd", default=0),
        baseline=Sum("baseline_nusd", default=0),
        checks=Sum("check_nusd", default=0),
    )
    saved = sums["baseline"] - sums["cost"] + sums["checks"]
    allowed = max(0, saved) * rule.check_budget_percent / 100
    paused = bool(known.labels >= COLD_LABELS and sums["checks"] > allowed)
    if paused != known.checks_paused:
        known.checks_paused = paused
        known.save()
        verb = "pause" if paused else "go on"
        logger.warning("Checks of the rule %s %s: see its budget.", rule.name, verb)
    return paused
