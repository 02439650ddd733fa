"""Acceptance, break-even and pauses, on the pages of rules."""

from __future__ import annotations

import pytest

from metrics import rule_stats
from metrics.stakes import Learned, RuleKey
from routing.models import CascadeRule
from tests.routing.admin.pages import page

pytestmark = pytest.mark.django_db


def learn(monkeypatch, **changes):
    values = {"draft_nusd": 10.0, "baseline_nusd": 100.0} | changes
    key = RuleKey("first", "draft-small", "verifier-large", False)
    monkeypatch.setattr(rule_stats, "load", lambda: {key: Learned(**values)})


def test_acceptance_and_break_even_stand_side_by_side(boss, rule, monkeypatch):
    learn(monkeypatch, accepted=60, escalated=20, error=0.042, error_samples=20)
    listed = boss.get(page("cascaderule_changelist")).content.decode()
    assert "75.0 % of about 80" in listed
    assert "10.0 %" in listed
    assert "is paused" not in listed
    shown = boss.get(page("cascaderule_change", rule.pk)).content.decode()
    assert "4.2 %, median of 20" in shown


def test_what_was_not_measured_is_said_so(boss, rule):
    shown = boss.get(page("cascaderule_change", rule.pk)).content.decode()
    assert "not measured" in shown
    assert "not enough escalations (0)" in shown


@pytest.mark.parametrize("economics", [True, False])
def test_a_paused_rule_is_told_above_the_list(boss, rule, monkeypatch, economics):
    CascadeRule.objects.update(economics=economics)
    learn(monkeypatch, escalated=200)
    listed = boss.get(page("cascaderule_changelist")).content.decode()
    assert ("The rule first is paused" in listed) is economics
    assert ("10.0 %, paused" in listed) is economics
