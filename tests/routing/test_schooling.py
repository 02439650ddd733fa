"""Rules that learn: from labels to a gate, and when they learn again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from metrics import lines, loader
from metrics.identifiers import base62
from metrics.journal import Journal
from metrics.label_models import Label
from routing import knowledge_loading, schooling, teaching
from routing.models import CascadeRule, RuleKnowledge
from routing.schooling import School, teach
from tests.builders import DRAFT, VERIFIER
from tests.metrics.builders import make_record
from tests.routing.drawn import START, Draws, spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule():
    return CascadeRule.objects.create(
        name="default", request_model=VERIFIER, draft_model=DRAFT, max_harm_percent=10.0
    )


@pytest.fixture
def draws():
    return Draws()


def test_too_few_labels_teach_nothing(rule, draws):
    draws.add(5)
    assert teach(rule).known is None


def test_a_few_labels_teach_the_base_rate_of_routes(rule, draws):
    draws.add(20, good_share=0.9)
    known = teach(rule).known
    assert known.gate is None
    assert knowledge_loading.load()["default"].posterior("ab12", 0.5).good > 0.7


def test_labels_enough_teach_a_gate_that_tells_drafts_apart(rule, draws):
    draws.add(200)
    progress = teach(rule)
    assert progress.refitted
    known = knowledge_loading.load()["default"]
    assert not known.cold
    assert known.gate.metrics.auroc > 0.9


def test_few_more_labels_are_no_reason_to_learn_again(rule, draws):
    draws.add(200)
    teach(rule)
    draws.add(10)
    assert not teach(rule).refitted
    draws.add(60)
    assert teach(rule).refitted
    assert RuleKnowledge.objects.count() == 2


def test_what_was_learned_of_another_draft_model_is_not_known(rule, draws):
    draws.add(200)
    teach(rule)
    rule.draft_model = "draft-other"
    rule.save()
    assert "default" not in knowledge_loading.load()


def test_labels_of_a_simulator_do_not_count_beside_real_ones(rule, draws):
    draws.add(60, simulated=True)
    assert teach(rule).lessons == 60
    draws.add(12)
    assert teach(rule).lessons == 12


def test_a_persons_word_outranks_a_comparison(rule, draws):
    draws.add(1, good_share=1.0, noise=0.0)
    first = Label.objects.get()
    Label.objects.create(
        decision_id=first.decision_id,
        source="person",
        by="anna",
        worse=True,
        decided_at=first.decided_at,
        rule="default",
        draft_model=DRAFT,
        verifier_model=VERIFIER,
        outcome="escalated",
        simulated=False,
    )
    (lesson,) = schooling.teaching.lessons_of(rule)
    assert not lesson.labelled.as_good
    assert not lesson.drawn


def test_the_first_worse_draft_ends_what_all_labels_said(rule, draws):
    draws.add(1000, good_share=1.0)
    teach(rule)
    draws.add(1, good_share=0.0)
    assert teach(rule).refitted
    assert knowledge_loading.load()["default"].gate is not None


def test_a_rule_with_as_many_labels_as_count_learns_from_new_ones(
    rule, draws, monkeypatch
):
    monkeypatch.setattr(teaching, "MAX_LABELS", 200)
    draws.add(200)
    teach(rule)
    RuleKnowledge.objects.update(made_at=START + timedelta(minutes=200))
    draws.add(39)
    assert not teach(rule).refitted
    draws.add(2)
    assert teach(rule).refitted


def test_a_judges_word_on_an_observed_draft_is_heard(rule, draws, tmp_path):
    draws.add(1)
    decision_id = Label.objects.get().decision_id
    (lesson,) = schooling.teaching.lessons_of(rule)
    assert lesson.judged is None
    beside = make_record(
        decision_id=base62(77, 22),
        about=decision_id,
        outcome="shadow",
        signals={"judge": 1.0},
    )
    writer = Journal(tmp_path)
    writer.append(lines.encode(beside))
    writer.close()
    assert loader.load_once(tmp_path).loaded == 1
    (lesson,) = schooling.teaching.lessons_of(rule)
    assert lesson.judged == 1.0


def test_fewer_labels_than_the_first_ones_teach_nothing_anew(rule, draws):
    draws.add(20, simulated=True)
    teach(rule)
    RuleKnowledge.objects.update(made_at=START)
    draws.add(9)
    assert not teach(rule).refitted


def test_a_school_looks_closer_only_at_new_labels(rule, draws):
    school = School()
    draws.add(60)
    assert [progress.rule for progress in school.work()] == ["default"]
    assert school.work() == []
    draws.add(1)
    assert len(school.work()) == 1


@pytest.mark.parametrize(("checks", "paused"), [(30, True), (20, False)])
def test_checks_pause_beyond_their_share_of_what_was_saved(rule, draws, checks, paused):
    draws.add(150)
    teach(rule)
    spend(checks=checks)
    assert schooling.mind_budget(rule) is paused
    assert RuleKnowledge.objects.get().checks_paused is paused
