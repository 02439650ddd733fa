"""Certificates of rules: given by labels, ended by drift, others asked, or unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from metrics.label_models import Label, MeasuredDraft
from metrics.rollup_models import DailyRollup
from routing import certifying, knowledge_loading
from routing.models import CascadeRule, RuleCertificate
from routing.schooling import School, in_words, teach
from tests.builders import DRAFT, VERIFIER
from tests.routing.drawn import START, Draws, spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule():
    return CascadeRule.objects.create(
        name="default",
        request_model=VERIFIER,
        draft_model=DRAFT,
        mode="certified",
        max_harm_percent=10.0,
    )


@pytest.fixture
def draws():
    return Draws()


def test_good_drafts_are_certified_and_the_threshold_is_served(rule, draws):
    draws.add(1500, good_share=0.9, noise=0.01)
    certificate = teach(rule).certificate
    assert certificate.state == "in_force"
    assert certificate.bound <= 0.10
    assert "is certified: at most 10.0%" in in_words(certificate)
    assert knowledge_loading.load()["default"].certified == certificate.threshold


def test_drafts_that_nothing_tells_apart_are_not_certifiable(rule, draws):
    draws.add(400, good_share=0.5, noise=0.5)
    certificate = teach(rule).certificate
    assert certificate.state == "not_certifiable"
    assert certificate.bound > 0.10
    assert "the best it can promise" in in_words(certificate)
    assert knowledge_loading.load()["default"].certified is None


def test_drafts_that_are_all_good_need_no_gate_to_be_certified(rule, draws):
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
    rule.max_harm_percent = 1.0
    rule.save()
    draws.add(400, good_share=1.0)
    certificate = teach(rule).certificate
    assert certificate.state == "not_certifiable"
    assert certificate.bound < 0.05


def test_a_rule_that_is_new_is_not_certified_by_a_gate_it_does_not_use(rule, draws):
    draws.add(160, good_share=0.9, noise=0.0)
    teach(rule)
    known = knowledge_loading.load()["default"]
    assert known.cold
    assert known.certified is None


def test_labels_of_vetoed_drafts_prove_nothing_of_accepted_ones(rule, draws):
    draws.add(300, good_share=1.0)
    draws.add(30, good_share=0.0, confidence=0.0)
    draws.add(120, good_share=1.0)
    assert teach(rule).certificate.state == "in_force"


def test_what_would_not_be_asked_now_has_no_part_in_a_certificate(rule, draws):
    """A second opinion is certain enough not to be asked: its word does not count."""
    rule.second_model = "second-small"
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
    rule.second_model = "second-small"
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


def test_drafts_that_are_all_worse_are_certified_for_nothing(rule, draws):
    draws.add(300, good_share=0.0)
    assert teach(rule).certificate.state == "not_certifiable"
    known = knowledge_loading.load()["default"]
    assert known.posterior("ab12", rule.prior).good < 0.1


def test_a_certificate_lapses_when_drafts_become_worse(rule, draws):
    draws.add(1500, good_share=0.9, noise=0.01)
    teach(rule)
    draws.add(200, good_share=0.6, noise=0.45)
    lapsed = teach(rule).certificate
    assert lapsed.state == "lapsed"
    assert lapsed.why == "recent drafts are worse than promised"
    assert knowledge_loading.load()["default"].certified is None


def test_another_promise_ends_a_certificate(rule, draws):
    draws.add(1500, good_share=0.9, noise=0.01)
    teach(rule)
    rule.max_harm_percent = 0.2
    rule.save()
    assert teach(rule).certificate.state == "not_certifiable"
    assert RuleCertificate.objects.filter(state="lapsed").count() == 1


def test_certificates_are_kept_as_they_were(rule, draws):
    draws.add(1500, good_share=0.9, noise=0.01)
    teach(rule)
    teach(rule)
    assert RuleCertificate.objects.count() == 1


def test_a_gate_taught_anew_keeps_what_was_proven_meanwhile(rule, draws):
    draws.add(600, good_share=0.9, noise=0.01)
    teach(rule)
    draws.add(150, good_share=0.9, noise=0.01)
    progress = teach(rule)
    assert progress.refitted
    assert progress.certificate.state == "in_force"
    assert progress.certificate.knowledge_version == progress.known.version


def test_labels_of_better_days_never_bring_a_certificate_back(rule, draws):
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


def test_ten_new_labels_bring_a_certificate_back(certified, draws):
    accepted(200)
    lapsed = certifying.lapse_unwatched(certified)
    draws.start = lapsed.ended_at
    draws.add(9, good_share=1.0, outcome="accepted")
    assert teach(certified).certificate is None
    draws.add(1, good_share=1.0, outcome="accepted")
    assert teach(certified).certificate.state == "in_force"


def test_labels_of_escalations_do_not_bring_a_certificate_back(certified, draws):
    accepted(200)
    lapsed = certifying.lapse_unwatched(certified)
    draws.start = lapsed.ended_at
    draws.add(20, good_share=1.0)
    assert teach(certified).certificate is None


def test_a_certificate_whose_drafts_became_worse_unseen_stays_away(certified, draws):
    accepted(200)
    lapsed = certifying.lapse_unwatched(certified)
    draws.start = lapsed.ended_at
    draws.add(12, good_share=0.0, noise=1.0, outcome="accepted")
    found = teach(certified).certificate
    assert (found.state, found.why) == ("lapsed", certifying.DRIFTED)
