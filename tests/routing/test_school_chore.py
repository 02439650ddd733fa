"""The keeper's chore: what it does about rules, and what it survives."""

from __future__ import annotations

import logging

import pytest
from django.db import DatabaseError

from metrics.chores import chores
from routing import school_chore
from routing.models import CascadeRule, RuleKnowledge
from tests.routing.labelled import LabelledDrafts

pytestmark = pytest.mark.django_db


def test_the_keeper_has_it_among_its_chores():
    assert school_chore.work in [chore.work for chore in chores]


def test_it_teaches_rules_that_have_labels(tmp_path):
    CascadeRule.objects.create(
        name="first", request_model="verifier-large", draft_model="draft-small"
    )
    LabelledDrafts(tmp_path).add(60)
    school_chore.work()
    assert RuleKnowledge.objects.get().lessons == 60


def test_labels_that_cannot_be_learned_from_end_no_loading(monkeypatch, caplog):
    def fail():
        raise ValueError("odd")

    monkeypatch.setattr(school_chore._school, "work", fail)
    with caplog.at_level(logging.ERROR):
        school_chore.work()
    assert "could not be taught" in caplog.text


def test_a_database_in_trouble_is_the_keepers_to_report(monkeypatch):
    def fail():
        raise DatabaseError("away")

    monkeypatch.setattr(school_chore._school, "work", fail)
    with pytest.raises(DatabaseError):
        school_chore.work()
