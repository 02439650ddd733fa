"""Loading a file writes history, and says which file it was."""

from __future__ import annotations

import pytest

from routing import history
from routing.models import CascadeRule
from routing.rules_file import loading, parsing

pytestmark = pytest.mark.django_db
FILE = """
cascade_rules:
  - name: first
    request_model: verifier-large
    draft_model: draft-small
    quality_threshold: {threshold}
"""


def load(text, **options):
    return loading.load(parsing.parse(text, "rules.yaml"), **options)


def test_a_loaded_change_is_a_version(db):
    for threshold in ("0.7", "0.8", "0.8"):
        load(FILE.format(threshold=threshold))
    pk = CascadeRule.objects.get().pk
    changed, created = history.versions(CascadeRule, pk)
    assert str(changed) == "threshold 0.70 -> 0.80 by a command"
    assert changed.reason == created.reason == "loaded from rules.yaml"


def test_a_rule_the_file_does_not_name_is_told_as_deleted(db):
    load(FILE.format(threshold="0.7"))
    pk = CascadeRule.objects.get().pk
    load("cascade_rules: []", prune=True)
    assert history.versions(CascadeRule, pk)[0].reason == "not in rules.yaml"
