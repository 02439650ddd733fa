"""Labels -> what is known of a rule. In the background: fitting takes seconds.

The newest labels of a rule and its present models count. Real ones are never mixed with
those of a simulator: with any real one, only real ones count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from metrics.bulk import in_chunks
from metrics.label_models import Label, MeasuredDraft
from metrics.models import RoutingDecision
from routing.models import CascadeRule, RuleKnowledge
from routing.quality import agreement
from routing.quality.features import vector
from routing.quality.features.vector import FEATURES_VERSION
from routing.quality.learning import (
    MAX_LABELS,
    Labelled,
    can_tell_apart,
    learn,
    table_of,
)

# Fewer new labels than this share of the old ones would change little.
GROWTH = 0.2
FIRST_LABELS = 10
KEPT_VERSIONS = 20
# A label drawn with a small chance stands for many, yet one must not rule the gate.
MAX_WEIGHT = 20.0
# Where one draft has several labels, the first of these counts.
RANK = {"person": 0, "client": 1, "judge": 2, "agreement": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A measured draft with the label that counts; its age is `decided_at`.

    `drawn`: it was drawn at random, so it may stand for others in a certificate.
    `judged`: a judge's score when it was decided, None without; `vetoed` it was then.
    """

    labelled: Labelled
    decided_at: datetime
    drawn: bool
    by_judge: bool
    judged: float | None
    vetoed: bool = False


def lessons_of(rule: CascadeRule) -> list[Lesson]:
    """Return the newest lessons of `rule`, oldest first. A few queries, two long.

    Vectors of other features than today's are left out.
    """
    labels = _labels(rule)
    measured = _measured(rule, labels)
    signals = _signals([row.decision_id for row in measured])
    return [
        _lesson(row, labels[row.decision_id], signals.get(row.decision_id, {}))
        for row in measured
    ]


def refresh(
    rule: CascadeRule, lessons: Sequence[Lesson], *, force: bool = False
) -> RuleKnowledge | None:
    """Write down what `lessons` teach, where they are enough more than before.

    With `force` wherever there are the first few.

    A certified rule is taught by the older part alone: the newer one is what its
    certificate is tested on.
    """
    known = current(rule)
    enough = len(lessons) >= FIRST_LABELS
    taught = lessons[: len(lessons) * 3 // 5] if rule.mode == "certified" else lessons
    if not (enough if force else _worth_it(lessons, taught, known)):
        return None
    rows = [lesson.labelled for lesson in taught]
    today = timezone.localdate().isoformat()
    alone = learn(rows, fitted_at=today, prior=rule.prior)
    paired = learn(rows, fitted_at=today, prior=rule.prior, with_second=True)
    return _written(
        rule,
        labels=sum(min(1.0, row.weight) for row in rows),
        lessons=len(lessons),
        taught_until=taught[-1].decided_at,
        gate=alone.gate.dump() if alone else None,
        pair=paired.gate.dump() if paired else None,
        routes=(alone.routes if alone else table_of(rows, rule.prior)).dump(),
        words=_words(taught),
        checks_paused=known.checks_paused if known else False,
    )


def current(rule: CascadeRule) -> RuleKnowledge | None:
    """Return the newest knowledge of `rule`, of its present models."""
    return (
        RuleKnowledge.objects.filter(
            rule=rule.name,
            draft_model=rule.draft_model,
            verifier_model=rule.verifier_model,
        )
        .order_by("-version")
        .first()
    )


def weight_of(trust: float, probability: float | None) -> float:
    """Return for how many drafts a label stands, by its trust; at most `MAX_WEIGHT`.

    `probability` is the chance that it was drawn with, None for a label nobody drew.
    """
    return min(MAX_WEIGHT, trust / (probability or 1.0))


def _worth_it(
    lessons: Sequence[Lesson], taught: Sequence[Lesson], known: RuleKnowledge | None
) -> bool:
    """Whether enough is new, or what would be taught can first be told apart.

    Of the newest lessons alone are there never more than so many: then new ones count.
    """
    if known is None or len(lessons) < FIRST_LABELS:
        return len(lessons) >= FIRST_LABELS
    if not _readable(known) and can_tell_apart([lesson.labelled for lesson in taught]):
        return True
    newer = sum(lesson.decided_at > known.made_at for lesson in lessons)
    return max(newer, len(lessons) - known.lessons) >= known.lessons * GROWTH


def _readable(known: RuleKnowledge) -> bool:
    """Whether there is a gate, and of features as they are measured now."""
    return (known.gate or {}).get("features_version") == FEATURES_VERSION


def _written(rule: CascadeRule, **values: object) -> RuleKnowledge | None:
    """The new row; None when another host's keeper was first."""
    last = RuleKnowledge.objects.filter(rule=rule.name).aggregate(v=Max("version"))
    values["version"] = (last["v"] or 0) + 1
    try:
        with transaction.atomic():
            row = RuleKnowledge.objects.create(
                rule=rule.name,
                draft_model=rule.draft_model,
                verifier_model=rule.verifier_model,
                **values,
            )
    except IntegrityError:
        return None
    RuleKnowledge.objects.filter(
        rule=rule.name, version__lte=row.version - KEPT_VERSIONS
    ).delete()
    return row


def _labels(rule: CascadeRule) -> dict[str, Label]:
    """The label that counts, by decision."""
    found: dict[bool, dict[str, Label]] = {True: {}, False: {}}
    rows = Label.objects.filter(rule=rule.name, draft_model=rule.draft_model)
    if rule.verifier_model:
        rows = rows.filter(verifier_model=rule.verifier_model)
    for label in rows.order_by("-decided_at")[: 2 * MAX_LABELS]:
        chosen = found[label.simulated].setdefault(label.decision_id, label)
        if RANK[label.source] < RANK[chosen.source]:
            found[label.simulated][label.decision_id] = label
    return found[False] or found[True]


def _measured(rule: CascadeRule, labels: Mapping[str, Label]) -> list[MeasuredDraft]:
    rows = MeasuredDraft.objects.filter(
        rule=rule.name, features_version=FEATURES_VERSION
    ).order_by("-decided_at")[:MAX_LABELS]
    return [
        row for row in reversed(rows) if row.decision_id in labels and _is_whole(row)
    ]


def _is_whole(row: MeasuredDraft) -> bool:
    """Whether vectors are as long as their names are many."""
    second = len(row.second) in (0, len(agreement.NAMES))
    return second and len(row.features) == len(vector.NAMES)


def _signals(ids: Sequence[str]) -> dict[str, Mapping[str, float]]:
    found: dict[str, Any] = {}
    for some in in_chunks(ids):
        # What was only observed has its signals on the decision about it.
        about = RoutingDecision.objects.filter(about__in=some)
        own = RoutingDecision.objects.filter(decision_id__in=some)
        for key, rows in (("about", about), ("decision_id", own)):
            for decision_id, signals in rows.values_list(key, "signals"):
                found[decision_id] = {**found.get(decision_id, {}), **signals}
    return found


def _lesson(row: MeasuredDraft, label: Label, signals: Mapping[str, float]) -> Lesson:
    return Lesson(
        labelled=Labelled(
            features=tuple(row.features),
            as_good=not label.worse,
            route=row.route,
            second=tuple(row.second) or None,
            weight=weight_of(label.trust, label.probability),
        ),
        decided_at=row.decided_at,
        drawn=label.probability is not None,
        by_judge=label.source == Label.Source.JUDGE,
        judged=signals.get("judge"),
        # Only a veto comes to nothing at all.
        vetoed=label.confidence == 0.0,
    )


def _words(lessons: Iterable[Lesson]) -> dict[str, tuple[float, float]]:
    """How good and worse drafts were judged; a judge's own labels do not count."""
    counts: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for lesson in lessons:
        if lesson.judged is not None and not lesson.by_judge:
            counts[str(float(lesson.judged))][not lesson.labelled.as_good] += 1.0
    return {score: (good, worse) for score, (good, worse) in counts.items()}
