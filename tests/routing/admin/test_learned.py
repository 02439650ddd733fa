"""What was learned of rules and promised, in admin: shown, never edited."""

from __future__ import annotations

import pytest

from routing.models import RuleKnowledge
from routing.schooling import teach
from tests.routing.admin.pages import mistakes_in, page
from tests.routing.labelled import certify

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught(rule, drafts):
    drafts.add(120)
    return teach(rule)


def shown(boss, name, *arguments) -> str:
    answer = boss.get(page(name, *arguments))
    assert answer.status_code == 200
    html = answer.content.decode()
    assert mistakes_in(html) == []
    return html


def test_what_counts_on_a_rule_is_told_in_words_and_figures(boss, taught):
    assert "first v1" in shown(boss, "ruleknowledge_changelist")
    html = shown(boss, "ruleknowledge_change", taught.known.pk)
    assert " counts for: +" in html
    assert " counts against: -" in html
    assert "AUROC" in html
    assert "None: too few labels" in html  # beside a second opinion, which none had


def test_a_gate_that_cannot_be_read_is_no_error(boss, taught):
    RuleKnowledge.objects.update(gate={"odd": 1})
    assert "no gate" in shown(boss, "ruleknowledge_changelist")
    assert "None: too few labels" in shown(
        boss, "ruleknowledge_change", taught.known.pk
    )


def test_a_certificate_is_told_with_its_promise(boss, taught):
    row = certify()
    assert "At most 5 %" in shown(boss, "rulecertificate_changelist")
    assert "at most 4.0 %" in shown(boss, "rulecertificate_change", row.pk)


@pytest.mark.parametrize("name", ["ruleknowledge", "rulecertificate"])
def test_nobody_writes_either(boss, name):
    assert boss.get(page(f"{name}_add")).status_code == 403
