"""Quirks are data: a kind's usual ones, overruled by what a row says."""

from __future__ import annotations

import pytest

from routing.quirks import NAMES, USUAL, Quirks, problem, with_said


def test_what_a_row_says_overrules_the_kinds():
    usual = Quirks(system_role="developer", files=True)
    assert with_said(usual, {"files": False}) == Quirks(system_role="developer")
    assert with_said(usual, {}) == usual


@pytest.mark.parametrize(
    ("name", "value"),
    [("telepathy", True), ("files", "yes"), ("system_role", "god"), ("files", None)],
)
def test_what_is_no_quirk_is_told_and_says_nothing(name, value):
    assert problem(name, value)
    assert with_said(USUAL, {name: value}) == USUAL


def test_every_quirk_may_be_said_as_it_is():
    assert [problem(name, getattr(USUAL, name)) for name in NAMES] == [None] * len(
        NAMES
    )
