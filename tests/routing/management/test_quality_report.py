"""`manage.py quality_report`: labels, harm, curve and certificate of each rule."""

from __future__ import annotations

import io

import msgspec
import pytest
from django.core.management import CommandError, call_command

from routing.models import CascadeRule, RuleCertificate
from routing.schooling import teach

pytestmark = pytest.mark.django_db


def printed(**options) -> str:
    out = io.StringIO()
    call_command("quality_report", stdout=out, **options)
    return out.getvalue()


def test_a_rule_without_labels_is_reported_as_such(rule):
    told = printed()
    assert "first (guarded, threshold 0.7)" in told
    assert "labels: none" in told
    assert "not enough labels (0; 30 are needed)" in told


def test_it_tells_labels_harm_curve_and_where_the_rule_is(rule, drafts):
    drafts.add(150)
    told = printed(rule="first")
    assert "labels: 150 by agreement" in told
    assert "of 150 drafts drawn at random" in told
    assert "now: from 0.70: accepts" in told


def test_an_observing_rule_ends_with_its_sentence(rule, drafts):
    CascadeRule.objects.update(mode="observe")
    drafts.add(60)
    assert "Observe mode: this rule would have saved" in printed()


def test_a_certificate_is_told_with_its_figures(rule):
    RuleCertificate.objects.create(
        rule="first",
        state="not_certifiable",
        knowledge_version=1,
        harm=0.05,
        sure=0.95,
        bound=0.09,
        labels=220,
    )
    told = printed()
    assert "220 labels, bound 9.0 %" in told
    assert "the best this rule can promise is 9.0 %" in told


def test_programs_get_the_same_as_values(rule, drafts):
    drafts.add(150)
    teach(rule)
    (told,) = msgspec.json.decode(printed(json=True))
    assert told["rule"] == "first"
    assert told["gate"]["labels"] == 150
    assert told["sources"][0]["labels"] == 150
    assert told["own"]["threshold"] == 0.7
    assert told["certificate"]["state"] in ("in_force", "not_certifiable")


def test_simulated_labels_are_reported_alone(rule, drafts):
    drafts.add(40)
    assert "labels: none" in printed(simulated=True)


@pytest.mark.parametrize("options", [{"rule": "nobody"}, {"days": 10**12}])
def test_what_cannot_be_reported_is_an_error(options):
    with pytest.raises(CommandError):
        printed(**options)
