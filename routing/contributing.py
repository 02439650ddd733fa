"""What the gate that judged a draft counted. Loaded when the app is ready."""

from __future__ import annotations

from metrics.contributions import Contributions, explainers
from metrics.label_models import MeasuredDraft
from metrics.models import RoutingDecision
from routing.knowledge_loading import knowledge_of
from routing.models import RuleKnowledge
from routing.quality.features.vector import FEATURES_VERSION
from routing.quality.learning import inputs

# What is less says little, and a page has an end.
SHOWN = 15


def contributions(decision: RoutingDecision) -> Contributions | None:
    """Return what counted for and against the draft of `decision`, the most first.

    None where no gate judged it, where nothing was kept of what was measured (only of
    labelled drafts it is), or where that version is gone. Two queries.
    """
    version = decision.signals.get("gate_version")
    if not version:
        return None
    measured = MeasuredDraft.objects.filter(
        decision_id=decision.decision_id, features_version=FEATURES_VERSION
    ).first()
    row = RuleKnowledge.objects.filter(rule=decision.rule, version=version).first()
    if measured is None or row is None:
        return None
    return _reckoned(measured, row)


def _reckoned(measured: MeasuredDraft, row: RuleKnowledge) -> Contributions | None:
    """By the gate that knows a second opinion where one was asked."""
    known = knowledge_of(row)
    beside = measured.second if measured.second and known.pair is not None else None
    gate = known.pair if beside else known.gate
    if gate is None or known.routes is None:
        return None
    posterior = known.routes.posterior(measured.route)
    try:
        found = gate.contributions(
            inputs(measured.features, posterior, beside), measured.route
        )
    except ValueError:  # measured by another build than the gate
        return None
    parts = tuple((name, value) for name, value in found[:SHOWN] if value)
    return Contributions(by=f"the gate, version {row.version}", parts=parts)


explainers.append(contributions)
