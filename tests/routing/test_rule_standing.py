"""Where a rule stands, in words: cold, certified, observing."""

from __future__ import annotations

import pytest

from routing.quality.features.vector import NAMES
from routing.rule_standing import (
    outlook_in_words,
    promise_in_words,
    standing_of,
    ungated_in_words,
)
from routing.schooling import teach
from tests.routing.labelled import certify

pytestmark = pytest.mark.django_db


def stand(rule):
    return standing_of(rule, simulated=False)


def test_a_rule_without_labels_is_cold_and_says_what_decides(rule):
    standing = stand(rule)
    assert standing.weights == []
    assert "what it states of them" in ungated_in_words(standing)
    rule.judge_model = "judge-medium"
    assert "only what a second opinion or the judge supports" in ungated_in_words(
        stand(rule)
    )


def test_a_rule_that_was_taught_tells_what_counts(rule, drafts):
    drafts.add(200)
    teach(rule)
    standing = stand(rule)
    assert ungated_in_words(standing) == ""
    weights = {weight.name: weight for weight in standing.weights}
    assert weights[NAMES[0]].words == "for"
    assert {weight.words for weight in weights.values()} == {"for", "against"}


def test_a_rule_whose_drafts_are_all_good_goes_by_base_rates(rule, drafts):
    drafts.add(120, good_share=1.0)
    teach(rule)
    standing = stand(rule)
    assert standing.gate is None
    assert not standing.cold
    assert "All 120 labels that taught this rule" in ungated_in_words(standing)


def test_only_a_certified_rule_heeds_its_certificate(rule, drafts):
    drafts.add(60)
    teach(rule)
    certify()
    assert stand(rule).threshold == 0.7
    rule.mode = "certified"
    assert stand(rule).threshold == 0.8


@pytest.mark.parametrize(
    "changes", [{"state": "lapsed"}, {"knowledge_version": 7}, {"threshold": None}]
)
def test_a_certificate_that_does_not_hold_gives_no_threshold(rule, drafts, changes):
    drafts.add(60)
    teach(rule)
    rule.mode = "certified"
    certify(**changes)
    assert stand(rule).threshold == 0.7


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "At most 5 % of accepted answers are worse"),
        ({"state": "lapsed", "why": "of drift"}, "no longer holds: of drift"),
        (
            {"state": "not_certifiable", "bound": 0.09},
            "Not certifiable at 5 %; the best this rule can promise is 9.0 %.",
        ),
        ({"state": "not_certifiable", "bound": 1.0}, "do not allow any promise yet"),
    ],
)
def test_a_promise_in_words(fields, words):
    assert words in promise_in_words(certify(**fields))


def test_an_observing_rule_says_what_it_would_have_saved(rule, drafts):
    assert outlook_in_words(stand(rule)) == ""
    rule.mode = "observe"
    assert "0 labelled drafts so far" in outlook_in_words(stand(rule))
    drafts.add(60)
    words = outlook_in_words(stand(rule))
    assert words.startswith("Observe mode: this rule would have saved ")
    assert words.endswith("% quality (n=60).")


@pytest.mark.parametrize(
    ("certificate", "observing"),
    [
        ({"state": "lapsed"}, True),
        ({"state": "in_force"}, False),
        ({"state": "in_force", "knowledge_version": 9}, True),
    ],
)
def test_a_certified_rule_may_observe_meanwhile(rule, drafts, certificate, observing):
    rule.mode, rule.on_lapse = "certified", "observe"
    drafts.add(60)
    teach(rule)
    certify(**certificate)
    assert bool(outlook_in_words(stand(rule))) is observing
