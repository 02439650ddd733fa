"""`manage.py fit_gates`: what is printed of what was learned."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command

from routing.models import RuleKnowledge

pytestmark = pytest.mark.django_db


def printed(**options) -> str:
    out = io.StringIO()
    call_command("fit_gates", stdout=out, **options)
    return out.getvalue()


def test_without_labels_it_says_how_many_are_needed(rule):
    assert "first: 0 measured drafts have labels; 10 teach" in printed()


def test_a_few_labels_teach_base_rates(rule, drafts):
    drafts.add(15)
    assert "the base rates of its routes decide" in printed()


def test_it_prints_what_the_gate_is_worth(rule, drafts):
    drafts.add(120)
    told = printed(rule="first")
    assert "learned version 1, from 120 labelled drafts" in told
    assert re.search(r"Gate: AUROC (0\.[89]|1\.0)", told)
    assert "Counts most: " in told


def test_it_learns_again_only_when_forced(rule, drafts):
    drafts.add(60)
    printed()
    assert "nothing new since version 1" in printed()
    assert "learned version 2" in printed(force=True)
    assert RuleKnowledge.objects.count() == 2


def test_a_rule_that_is_not_there_is_an_error():
    with pytest.raises(CommandError, match="no rule nobody"):
        printed(rule="nobody")
