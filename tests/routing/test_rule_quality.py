"""What the labels of a rule tell: shares with intervals, never of too few."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from metrics import labelling, lines, loader
from metrics.journal import Journal
from metrics.label_models import Label
from metrics.models import RoutingDecision
from metrics.types import LabelRecord
from routing.rule_quality import quality_of
from tests.metrics.builders import make_id, make_record
from tests.metrics.plans import plan

pytestmark = pytest.mark.django_db


def test_without_labels_nothing_is_told(rule):
    found = quality_of(rule, 0.7, simulated=False)
    assert (found.sources, found.levels, found.own) == ((), (), None)
    assert (found.harm.n, found.harm.share) == (0, None)


def test_under_thirty_labels_there_is_no_curve(rule, drafts):
    drafts.add(29)
    found = quality_of(rule, 0.7, simulated=False)
    assert found.priced == 29
    assert (found.levels, found.own) == ((), None)


def test_accepting_more_saves_more_and_keeps_less(rule, drafts):
    drafts.add(200)
    found = quality_of(rule, 0.7, simulated=False)
    strict, loose = found.levels[0], found.levels[-1]
    assert strict.accepted < loose.accepted == pytest.approx(1.0)
    assert strict.saved < loose.saved
    assert strict.kept > loose.kept
    for level in found.levels:
        assert level.kept_low <= level.kept <= level.kept_high
        assert level.saved_low <= level.saved <= level.saved_high


def test_the_point_at_the_threshold_is_what_happened(rule, drafts):
    drafts.add(200)
    found = quality_of(rule, 0.7, simulated=False)
    accepted = RoutingDecision.objects.filter(outcome="accepted")
    worse = Label.objects.filter(outcome="accepted", worse=True).count()
    assert found.own.accepted == pytest.approx(accepted.count() / 200)
    assert found.own.kept == pytest.approx(1 - worse / 200)
    assert found.harm.share == pytest.approx(worse / accepted.count())


def test_nothing_is_accepted_above_every_confidence(rule, drafts):
    drafts.add(60)
    own = quality_of(rule, 1.0, simulated=False).own
    assert (own.accepted, own.kept) == (0.0, 1.0)
    assert own.saved < 0


def test_labels_count_by_source_and_a_person_outranks_a_comparison(rule, drafts):
    drafts.add(40, good_share=1.0)
    accepted = RoutingDecision.objects.filter(outcome="accepted").first()
    before = quality_of(rule, 0.0, simulated=False).own.kept
    labelling.record(accepted, "person", "anna", worse=True)
    found = quality_of(rule, 0.0, simulated=False)
    assert before == 1.0
    assert found.own.kept == pytest.approx(1 - 1 / 40)
    counts = {source.source: (source.labels, source.worse) for source in found.sources}
    assert counts == {"person": (1, 1), "agreement": (40, 0)}


def test_labels_nobody_drew_are_in_no_share(rule, drafts):
    drafts.add(60, source="client", probability=None)
    found = quality_of(rule, 0.7, simulated=False)
    assert found.sources[0].labels == 60
    assert (found.priced, found.harm.n) == (0, 0)


def test_other_models_other_money_and_older_days_are_left_out(rule, drafts):
    drafts.add(40)
    tomorrow = timezone.now() + timedelta(days=1)
    assert quality_of(rule, 0.7, simulated=True).sources == ()
    assert quality_of(rule, 0.7, simulated=False, since=tomorrow).sources == ()
    rule.draft_model = "draft-other"
    assert quality_of(rule, 0.7, simulated=False).sources == ()


def test_observed_drafts_count_with_what_they_would_have_cost(rule, tmp_path):
    writer = Journal(tmp_path / "observed")
    for number in range(1, 41):
        passed = make_record(
            decision_id=make_id(number),
            rule="first",
            outcome="pass_through",
            reason="observed",
            confidence=None,
            threshold=None,
            signals={},
            cost_nusd=10_000_000,
            baseline_nusd=10_000_000,
        )
        beside = make_record(
            decision_id=make_id(1000 + number),
            rule="first",
            outcome="shadow",
            about=passed.decision_id,
            confidence=0.9 if number > 10 else 0.2,
            cost_nusd=1_000_000,
            baseline_nusd=0,
        )
        label = LabelRecord(
            decision_id=passed.decision_id,
            source="agreement",
            by="verifier-large",
            worse=number <= 10,
            at=passed.started_at,
            probability=1.0,
        )
        for line in (lines.encode(passed), lines.encode(beside)):
            writer.append(line)
        writer.append(lines.encode_label(label))
    writer.close()
    assert loader.load_once(tmp_path / "observed").problem == ""
    own = quality_of(rule, 0.7, simulated=False).own
    assert own.accepted == pytest.approx(0.75)
    assert own.kept == 1.0
    assert own.saved == pytest.approx(0.75 - 0.1)


def test_however_many_labels_the_queries_are_few(
    rule, drafts, django_assert_max_num_queries
):
    drafts.add(120)
    with django_assert_max_num_queries(3):
        quality_of(rule, 0.7, simulated=False)


def test_observed_drafts_are_found_by_index(db):
    rows = RoutingDecision.objects.filter(about__in=[make_id(1), make_id(2)])
    assert "decision_about" in plan(rows.exclude(about=""))
