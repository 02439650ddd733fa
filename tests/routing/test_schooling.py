"""Rules that learn: from labels to a gate, to a certificate, and back by drift."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from metrics import lines, loader
from metrics.identifiers import base62
from metrics.journal import Journal
from metrics.label_models import Label, MeasuredDraft
from metrics.rollup_models import DailyRollup
from routing import certifying, knowledge_loading, schooling, teaching
from routing.models import CascadeRule, RuleCertificate, RuleKnowledge
from routing.quality.features.vector import FEATURES_VERSION, NAMES
from routing.schooling import School, in_words, teach
from tests.builders import DRAFT, VERIFIER
from tests.metrics.builders import make_record

pytestmark = pytest.mark.django_db
START = timezone.now() - timedelta(days=9)


@pytest.fixture
def rule():
    return CascadeRule.objects.create(
        name="default", request_model=VERIFIER, draft_model=DRAFT, max_harm_percent=10.0
    )


class Draws:
    """Labelled drafts whose first feature tells good from worse, with some noise."""

    def __init__(self):
        self._random = random.Random(11)  # noqa: S311
        self._number = 0

    def add(self, count, *, good_share=0.7, noise=0.02, **fields):
        for _ in range(count):
            self._number += 1
            good = self._random.random() < good_share
            told = good if self._random.random() >= noise else not good
            self._one(good=good, told=told, **fields)

    def _one(self, *, good, told, **fields):
        decision_id = base62(self._number, 22)
        moment = START + timedelta(minutes=self._number)
        features = [self._random.gauss(0, 1) for _ in NAMES]
        features[0] = self._random.gauss(2 if told else -2, 0.5)
        values = {
            "source": "agreement",
            "by": VERIFIER,
            "worse": not good,
            "probability": 1.0,
            "rule": "default",
            "draft_model": DRAFT,
            "verifier_model": VERIFIER,
            "outcome": "escalated",
            "simulated": False,
        }
        Label.objects.create(
            decision_id=decision_id, decided_at=moment, **values | fields
        )
        MeasuredDraft.objects.create(
            decision_id=decision_id,
            rule="default",
            decided_at=moment,
            route="ab12",
            features_version=FEATURES_VERSION,
            features=features,
        )


def spend(*, checks):
    """Let a day have saved 100 before `checks` were paid."""
    DailyRollup.objects.create(
        day=timezone.localdate(),
        simulated=False,
        rule="default",
        key_name="",
        tag="",
        requested_model="",
        served_model="",
        outcome="accepted",
        cost_nusd=checks,
        baseline_nusd=100,
        check_nusd=checks,
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


def test_good_drafts_are_certified_and_the_threshold_is_served(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(1500, good_share=0.9, noise=0.01)
    certificate = teach(rule).certificate
    assert certificate.state == "in_force"
    assert certificate.bound <= 0.10
    assert "is certified: at most 10.0%" in in_words(certificate)
    assert knowledge_loading.load()["default"].certified == certificate.threshold


def test_drafts_that_nothing_tells_apart_are_not_certifiable(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(400, good_share=0.5, noise=0.5)
    certificate = teach(rule).certificate
    assert certificate.state == "not_certifiable"
    assert certificate.bound > 0.10
    assert "the best it can promise" in in_words(certificate)
    assert knowledge_loading.load()["default"].certified is None


def test_drafts_that_are_all_good_need_no_gate_to_be_certified(rule, draws):
    rule.mode = "certified"
    rule.max_harm_percent = 5.0
    rule.save()
    draws.add(300, good_share=1.0)
    certificate = teach(rule).certificate
    known = knowledge_loading.load()["default"]
    assert known.gate is None
    assert not known.cold
    assert certificate.state == "in_force"
    assert known.posterior("ab12", rule.prior).good >= known.certified
    draws.add(40, good_share=0.3)
    assert teach(rule).certificate.state == "lapsed"


def test_what_cannot_be_promised_still_has_a_best_promise(rule, draws):
    rule.mode = "certified"
    rule.max_harm_percent = 1.0
    rule.save()
    draws.add(400, good_share=1.0)
    certificate = teach(rule).certificate
    assert certificate.state == "not_certifiable"
    assert certificate.bound < 0.05


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


def test_a_rule_that_is_new_is_not_certified_by_a_gate_it_does_not_use(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(160, good_share=0.9, noise=0.0)
    teach(rule)
    known = knowledge_loading.load()["default"]
    assert known.cold
    assert known.certified is None


def test_labels_of_vetoed_drafts_prove_nothing_of_accepted_ones(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(300, good_share=1.0)
    draws.add(30, good_share=0.0, confidence=0.0)
    draws.add(120, good_share=1.0)
    assert teach(rule).certificate.state == "in_force"


def test_what_would_not_be_asked_now_has_no_part_in_a_certificate(rule, draws):
    """A second opinion is certain enough not to be asked: its word does not count."""
    rule.mode, rule.second_model = "certified", "second-small"
    rule.save()
    draws.add(400, good_share=1.0)
    MeasuredDraft.objects.update(second=[0.0, 1.0, 1.0, 0.2, 0.0, 0.0])
    assert teach(rule).certificate.state == "in_force"
    rule.second_when = "always"
    rule.save()
    assert knowledge_loading.load()["default"].certified is None
    assert teach(rule).certificate.state == "not_certifiable"
    assert "others are asked" in RuleCertificate.objects.get(state="lapsed").why


def test_a_budget_that_pauses_checks_ends_what_was_certified_with_them(rule, draws):
    rule.mode, rule.second_model = "certified", "second-small"
    rule.second_when = "always"
    rule.save()
    draws.add(400, good_share=1.0)
    MeasuredDraft.objects.update(second=[1.0, 0.0, 1.0, 0.9, 0.0, 1.0])
    school = School()
    school.work()
    assert knowledge_loading.load()["default"].certified is not None
    spend(checks=80)
    school.work()
    states = list(RuleCertificate.objects.values_list("state", "asking"))
    assert states == [
        ("in_force", "second-small always (paused)"),
        ("lapsed", "second-small always"),
    ]


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


def test_drafts_that_are_all_worse_are_certified_for_nothing(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(300, good_share=0.0)
    assert teach(rule).certificate.state == "not_certifiable"
    known = knowledge_loading.load()["default"]
    assert known.posterior("ab12", rule.prior).good < 0.1


def test_a_certificate_lapses_when_drafts_become_worse(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(1500, good_share=0.9, noise=0.01)
    teach(rule)
    draws.add(200, good_share=0.6, noise=0.45)
    lapsed = teach(rule).certificate
    assert lapsed.state == "lapsed"
    assert lapsed.why == "recent drafts are worse than promised"
    assert knowledge_loading.load()["default"].certified is None


def test_another_promise_ends_a_certificate(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(1500, good_share=0.9, noise=0.01)
    teach(rule)
    rule.max_harm_percent = 0.2
    rule.save()
    assert teach(rule).certificate.state == "not_certifiable"
    assert RuleCertificate.objects.filter(state="lapsed").count() == 1


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


def test_certificates_are_kept_as_they_were(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(1500, good_share=0.9, noise=0.01)
    teach(rule)
    teach(rule)
    assert RuleCertificate.objects.count() == 1


def test_a_gate_taught_anew_keeps_what_was_proven_meanwhile(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(600, good_share=0.9, noise=0.01)
    teach(rule)
    draws.add(150, good_share=0.9, noise=0.01)
    progress = teach(rule)
    assert progress.refitted
    assert progress.certificate.state == "in_force"
    assert progress.certificate.knowledge_version == progress.known.version


def test_labels_of_better_days_never_bring_a_certificate_back(rule, draws):
    rule.mode = "certified"
    rule.save()
    draws.add(1500, good_share=0.9, noise=0.01)
    teach(rule)
    draws.add(200, good_share=0.6, noise=0.45)
    teach(rule)
    for _ in range(3):
        draws.add(5, good_share=1.0, noise=0.0)
        teach(rule)
    assert not RuleCertificate.objects.filter(state="in_force").exists()


@pytest.fixture
def certified(rule, draws):
    """A certified rule whose last label is nine days old, less some hours."""
    rule.mode = "certified"
    rule.save()
    draws.add(600, good_share=0.95, outcome="accepted")
    teach(rule)
    certificate = RuleCertificate.objects.get()
    assert certificate.state == "in_force"
    RuleCertificate.objects.update(issued_at=START)
    return rule


def accepted(count, *, days_ago=1):
    DailyRollup.objects.create(
        day=timezone.localdate() - timedelta(days=days_ago),
        simulated=False,
        rule="default",
        outcome="accepted",
        decisions=count,
    )


def test_a_certificate_lapses_where_labels_stay_away(certified, caplog):
    accepted(200)
    School().work()
    (lapsed,) = RuleCertificate.objects.all()
    assert (lapsed.state, lapsed.why) == ("lapsed", certifying.UNWATCHED)
    assert "too few labels came lately" in caplog.text


@pytest.mark.parametrize(
    ("count", "days_ago", "shadow_percent"), [(199, 1, 0), (400, 30, 0), (499, 1, 2)]
)
def test_a_rule_that_accepted_little_since_keeps_it(
    certified, count, days_ago, shadow_percent
):
    certified.shadow_percent = shadow_percent
    certified.save()
    accepted(count, days_ago=days_ago)
    assert certifying.lapse_unwatched(certified) is None


def test_one_label_of_yesterday_is_enough(certified):
    accepted(10_000)
    newest = Label.objects.order_by("-decided_at")[:1].get()
    Label.objects.filter(pk=newest.pk).update(decided_at=timezone.now())
    assert certifying.lapse_unwatched(certified) is None


def test_what_a_person_picked_does_not_watch_a_rule(certified):
    accepted(10_000)
    newest = Label.objects.order_by("-decided_at")[:1].get()
    Label.objects.filter(pk=newest.pk).update(
        decided_at=timezone.now(), probability=None
    )
    assert certifying.lapse_unwatched(certified) is not None


def test_ten_new_labels_bring_a_certificate_back(certified, draws, monkeypatch):
    accepted(200)
    lapsed = certifying.lapse_unwatched(certified)
    monkeypatch.setattr("tests.routing.test_schooling.START", lapsed.ended_at)
    draws.add(9, good_share=1.0, outcome="accepted")
    assert teach(certified).certificate is None
    draws.add(1, good_share=1.0, outcome="accepted")
    assert teach(certified).certificate.state == "in_force"


def test_labels_of_escalations_do_not_bring_a_certificate_back(
    certified, draws, monkeypatch
):
    accepted(200)
    lapsed = certifying.lapse_unwatched(certified)
    monkeypatch.setattr("tests.routing.test_schooling.START", lapsed.ended_at)
    draws.add(20, good_share=1.0)
    assert teach(certified).certificate is None


def test_a_certificate_whose_drafts_became_worse_unseen_stays_away(
    certified, draws, monkeypatch
):
    accepted(200)
    lapsed = certifying.lapse_unwatched(certified)
    monkeypatch.setattr("tests.routing.test_schooling.START", lapsed.ended_at)
    draws.add(12, good_share=0.0, noise=1.0, outcome="accepted")
    found = teach(certified).certificate
    assert (found.state, found.why) == ("lapsed", certifying.DRIFTED)
