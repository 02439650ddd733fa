"""A rule, and drafts of it that have labels."""

from __future__ import annotations

import pytest

from routing.models import CascadeRule
from tests.routing.labelled import LabelledDrafts


@pytest.fixture
def rule(db):
    return CascadeRule.objects.create(
        name="first", request_model="verifier-large", draft_model="draft-small"
    )


@pytest.fixture
def drafts(tmp_path):
    return LabelledDrafts(tmp_path / "labelled")
