"""Patterns, and whom a rule is for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.config import Pattern
from tests.builders import DRAFT, VERIFIER
from tests.routing.builders import (
    ACME,
    GLOBEX,
    make_owned,
    make_provider,
    make_rule,
    make_snapshot,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "model", "matches"),
    [
        ("claude-a", "claude-a", True),
        ("claude-a", "claude-a-b", False),
        ("claude-a", "Claude-a", False),
        ("claude*", "claude", True),
        ("claude*", "claude-a", True),
        ("claude*", "my-claude", False),
        ("*-mini", "gpt-mini", True),
        ("*-mini", "gpt-mini-2", False),
        ("a*b*c", "a--b--c", True),
        ("a*b*c", "a--c--b", False),
        ("*", "", True),
        ("*", "two\nlines", True),
        ("a.b", "a.b", True),
        ("a.*", "axb", False),
        ("a[1]*", "a[1]", True),
        ("a?*", "ab", False),
    ],
)
def test_a_star_stands_for_any_characters_and_nothing_else_does(
    pattern, model, matches
):
    assert Pattern(pattern).matches(model) is matches


def test_a_name_is_more_specific_than_any_pattern_and_longer_ones_than_shorter():
    texts = ["*", "c*", "*-long-ending", "claude-a-very-long*", "c"]
    ordered = sorted(texts, key=lambda text: Pattern(text).specificity)
    assert ordered == ["*", "c*", "*-long-ending", "claude-a-very-long*", "c"]


@pytest.mark.parametrize(
    ("expires_at", "expired"),
    [
        (None, False),
        (NOW + timedelta(seconds=1), False),
        (NOW, True),
        (NOW - timedelta(seconds=1), True),
    ],
)
def test_a_key_works_until_it_expires(expires_at, expired):
    key = type(ACME)(id=1, name="acme", prefix="", tag="", expires_at=expires_at)
    assert key.expired(NOW) is expired


@pytest.mark.parametrize(
    ("rule", "key", "applies"),
    [
        ({}, ACME, True),
        ({"client_key_id": ACME.id}, ACME, True),
        ({"client_key_id": ACME.id}, GLOBEX, False),
        ({"tag": "research"}, GLOBEX, True),
        ({"tag": "research"}, ACME, False),
        ({"client_key_id": GLOBEX.id, "tag": "research"}, GLOBEX, True),
        ({"client_key_id": GLOBEX.id, "tag": "sales"}, GLOBEX, False),
    ],
)
def test_a_rule_is_for_all_for_a_key_or_for_a_tag(rule, key, applies):
    assert make_rule(**rule).applies_to(VERIFIER, key) is applies


def test_a_request_for_the_draft_itself_is_no_cascade():
    assert not make_rule("*").applies_to(DRAFT, ACME)
    assert make_rule("*").applies_to("another", ACME)


def test_a_snapshot_is_simulated_when_a_simulator_serves_a_model():
    simulator = make_provider("play", kind="simulator")
    patterns = (make_owned("a"), make_owned("b", simulator))
    assert make_snapshot(patterns=patterns).simulated
    assert not make_snapshot().simulated


def test_a_snapshot_does_not_show_its_keys():
    assert "Ab12" not in repr(make_snapshot(keys={"digest": ACME}))


@given(
    pattern=st.text(alphabet="ab*", max_size=8),
    model=st.text(alphabet="ab", max_size=8),
)
def test_a_pattern_means_what_the_regular_expression_would(pattern, model):
    regex = ".*".join(map(re.escape, pattern.split("*")))
    assert Pattern(pattern).matches(model) == bool(re.fullmatch(regex, model))


def test_many_stars_do_not_multiply_the_work():
    assert not Pattern("*a" * 30 + "b").matches("a" * 10_000)
