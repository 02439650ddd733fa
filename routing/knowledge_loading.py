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
    rules = {rule.name: rule for rule in CascadeRule.objects.all()}
    if not rules:
        return {}
    certificates = _newest_certificates()
    found = {}
    for row in _newest():
        rule = rules.get(row.rule)
        models = (row.draft_model, row.verifier_model)
        if rule and models == (rule.draft_model, rule.verifier_model):
            certified = certified_by(certificates.get(row.rule), row, rule)
            found[row.rule] = knowledge_of(row, certified)
    return found


def certified_by(
    certificate: RuleCertificate | None, known: RuleKnowledge, rule: CascadeRule
) -> float | None:
    """Return the threshold of a certificate that holds now; None without one.

    One holds for what was known, and for whom `rule` asked, when it was issued.
    """
    if certificate is None or certificate.state != RuleCertificate.State.IN_FORCE:
        return None
    same = (certificate.knowledge_version, certificate.asking) == (
        known.version,
        rule.asks(paused=known.checks_paused),
    )
    return certificate.threshold if same else None


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


def _newest_certificates() -> dict[str, RuleCertificate]:
    rows = RuleCertificate.objects.order_by("issued_at", "pk")
    return {row.rule: row for row in rows}


def _gate(stored: Mapping[str, Any] | None) -> Gate | None:
    if stored is None:
        return None
    try:
        gate = Gate.load(stored)
    except ValueError as problem:
        logger.warning("A stored gate cannot be read: %s", problem)
        return None
    return gate if gate.features_version == FEATURES_VERSION else None
