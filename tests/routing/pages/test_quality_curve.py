"""Geometry of cost over quality: what lies where, and nothing outside."""

from __future__ import annotations

import pytest

from routing.pages.quality_curve import FLOOR, LEFT, RIGHT, TOP, quality_curve
from routing.rule_quality import Level


def level(threshold, *, kept=0.98, saved=0.4, reach=0.05) -> Level:
    return Level(
        threshold=threshold,
        accepted=0.5,
        harmed=0.02,
        kept=kept,
        kept_low=kept - reach,
        kept_high=min(1.0, kept + reach),
        saved=saved,
        saved_low=saved - reach,
        saved_high=saved + reach,
    )


def test_without_levels_there_is_nothing_to_draw():
    assert quality_curve([], None) is None


def test_what_keeps_more_is_to_the_right_and_what_saves_more_is_above():
    strict, loose = level(0.9, kept=0.99, saved=0.2), level(0.1, kept=0.9, saved=0.6)
    drawn = quality_curve([strict, loose], strict)
    right, left = drawn.crosses
    assert right.x > left.x
    assert right.y > left.y
    assert (drawn.own.x, drawn.own.y) == (right.x, right.y)


@pytest.mark.parametrize(
    "odd",
    [
        level(0.5, kept=1.2, saved=1.0),
        level(0.5, kept=0.1, saved=-3.0),
        level(0.5, kept=1.0, saved=0.0, reach=0.0),
    ],
)
def test_nothing_is_drawn_outside(odd):
    drawn = quality_curve([odd], odd)
    for spot in (*drawn.crosses, drawn.own):
        assert all(LEFT <= x <= RIGHT for x in (spot.x, spot.left, spot.right))
        assert all(TOP <= y <= FLOOR for y in (spot.y, spot.top, spot.floor))


def test_it_is_told_in_words_too():
    drawn = quality_curve([level(0.9), level(0.5)], None)
    assert drawn.own is None
    assert drawn.description.startswith("From a threshold of 0.90, which saves 40.0 %")
