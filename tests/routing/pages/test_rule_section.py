"""What the page of a rule says of the quality of its drafts."""

from __future__ import annotations

from html import unescape

import pytest

from routing.models import CascadeRule, RuleKnowledge
from routing.schooling import teach
from tests.routing.admin.pages import mistakes_in
from tests.routing.labelled import certify

pytestmark = pytest.mark.django_db
ADDRESS = "/reports/rules/first/"


@pytest.fixture
def page(admin_client):
    def get() -> str:
        answer = admin_client.get(ADDRESS)
        assert answer.status_code == 200
        html = answer.content.decode()
        assert mistakes_in(html) == []
        return " ".join(unescape(html).split())

    return get


def test_under_thirty_labels_there_is_no_curve(rule, drafts, page):
    drafts.add(12)
    told = page()
    assert "quality-curve" not in told
    assert "12 drafts were drawn at random and labelled; a curve takes 30" in told
    assert "under 100 it is new" in told


def test_the_curve_shows_every_threshold_and_where_the_rule_is(rule, drafts, page):
    drafts.add(80)
    told = page()
    assert 'class="chart quality-curve"' in told
    assert '<g class="own">' in told
    assert "The rule's own, 0.70, saves" in told
    assert "Of 80 drafts that were drawn at random" in told


def test_what_counts_and_labels_by_source(rule, drafts, page):
    drafts.add(120)
    teach(rule)
    told = page()
    assert "Version 1, from 120 labels; AUROC" in told
    assert "Comparison with the verifier's answer" in told
    assert "under 100 it is new" not in told


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "In force</strong> At most 5 % of accepted answers are worse"),
        ({"state": "lapsed", "why": "recent drafts are worse"}, "Lapsed</strong>"),
        (
            {"state": "not_certifiable", "threshold": None, "bound": 0.09},
            "Not certifiable at 5 %; the best this rule can promise is 9.0 %.",
        ),
    ],
)
def test_the_certificate_is_told_in_words(rule, drafts, page, fields, words):
    drafts.add(5)
    certify(**fields)
    told = page()
    assert words in told
    assert "does not take its threshold from it" in told


def test_paused_checks_are_told(rule, drafts, page):
    drafts.add(120)
    teach(rule)
    assert "Checks pause" not in page()
    RuleKnowledge.objects.update(checks_paused=True)
    assert "Checks pause" in page()


def test_an_observing_rule_leads_with_its_sentence(rule, drafts, page):
    CascadeRule.objects.update(mode="observe")
    drafts.add(60)
    assert "Observe mode: this rule would have saved" in page()


def test_how_long_clients_waited_is_beside_it(rule, drafts, page):
    drafts.add(12)
    told = page()
    assert 'Draft accepted</th><td class="number">845 ms' in told


def test_however_many_labels_the_page_asks_little(
    rule, drafts, admin_client, django_assert_max_num_queries
):
    drafts.add(150)
    teach(rule)
    with django_assert_max_num_queries(32):
        admin_client.get(ADDRESS)
