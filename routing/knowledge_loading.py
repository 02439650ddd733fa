"""Rows of knowledge -> what the judge of a rule reads."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef

from routing.models import CascadeRule, RuleCertificate, RuleKnowledge
from routing.quality.features.vector import FEATURES_VERSION
from routing.quality.gate import Gate
from routing.quality.knowledge import Knowledge
from routing.quality.route import RouteTable

logger = logging.getLogger(__name__)


def load() -> dict[str, Knowledge]:
    """Return what is known of each rule, by name. Three queries.

    What was learned of other models than the rule names now is not known of it.
    """
    models = {
        row["name"]: (row["draft_model"], row["verifier_model"])
        for row in CascadeRule.objects.values("name", "draft_model", "verifier_model")
    }
    if not models:
        return {}
    certified = _certified()
    found = {}
    for row in _newest():
        if models.get(row.rule) == (row.draft_model, row.verifier_model):
            found[row.rule] = knowledge_of(row, certified.get((row.rule, row.version)))
    return found


def knowledge_of(row: RuleKnowledge, certified: float | None = None) -> Knowledge:
    """Return the knowledge in `row`; a gate of other features than ours is left out."""
    return Knowledge(
        labels=row.labels,
        version=row.version,
        gate=_gate(row.gate),
        pair=_gate(row.pair),
        routes=RouteTable.load(row.routes) if row.routes else None,
        words={float(score): tuple(n) for score, n in row.words.items()},
        certified=certified,
        checks_paused=row.checks_paused,
    )


def _newest() -> Iterable[RuleKnowledge]:
    newer = RuleKnowledge.objects.filter(
        rule=OuterRef("rule"), version__gt=OuterRef("version")
    )
    return RuleKnowledge.objects.filter(~Exists(newer)).order_by("rule")


def _certified() -> dict[tuple[str, int], float]:
    """The threshold of the newest certificate of each rule, where it is in force."""
    newest: dict[str, RuleCertificate] = {}
    for row in RuleCertificate.objects.order_by("issued_at", "pk"):
        newest[row.rule] = row
    return {
        (row.rule, row.knowledge_version): row.threshold
        for row in newest.values()
        if row.state == RuleCertificate.State.IN_FORCE and row.threshold is not None
    }


def _gate(stored: Mapping[str, Any] | None) -> Gate | None:
    if stored is None:
        return None
    try:
        gate = Gate.load(stored)
    except ValueError as problem:
        logger.warning("A stored gate cannot be read: %s", problem)
        return None
    return gate if gate.features_version == FEATURES_VERSION else None
