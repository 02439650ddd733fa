"""What the gate counted in one draft, for the page of its decision."""

from __future__ import annotations

import pytest

from metrics import contributions
from metrics.label_models import MeasuredDraft
from metrics.models import RoutingDecision
from routing.knowledge_loading import knowledge_of
from routing.models import RuleKnowledge
from routing.schooling import teach

pytestmark = pytest.mark.django_db


@pytest.fixture
def decision(rule, drafts):
    drafts.add(120)
    teach(rule)
    return RoutingDecision.objects.order_by("pk").first()


def test_the_page_of_a_decision_tells_what_counted(decision, admin_client):
    text = admin_client.get(f"/d/{decision.decision_id}").content.decode()
    assert "What counted for and against this draft, by the gate, version 1" in text


def test_what_counted_is_what_the_gate_reckons(decision):
    told = contributions.of(decision)
    gate = knowledge_of(RuleKnowledge.objects.get()).gate
    assert told.by == "the gate, version 1"
    assert len(told.parts) == 15
    assert {name for name, _ in told.parts} <= set(gate.names)
    sizes = [abs(value) for _, value in told.parts]
    assert sizes == sorted(sizes, reverse=True)


def test_without_what_was_measured_nothing_is_told(decision):
    MeasuredDraft.objects.all().delete()
    assert contributions.of(decision) is None


def test_without_the_version_that_judged_nothing_is_told(decision):
    RuleKnowledge.objects.update(version=7)
    assert contributions.of(decision) is None


@pytest.mark.parametrize("changes", [{"features": [1.0]}, {"features_version": 0}])
def test_what_another_build_measured_is_not_reckoned_with(decision, changes):
    MeasuredDraft.objects.update(**changes)
    assert contributions.of(decision) is None


def test_a_draft_that_no_gate_judged_has_none(decision):
    decision.signals = {"prior": 0.85}
    assert contributions.of(decision) is None
