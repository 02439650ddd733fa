"""Figures of quality in words."""

from __future__ import annotations

from routing.quality_words import certificate_in_words, level_in_words, share_in_words
from routing.rule_quality import Level, Share


def test_a_share_never_stands_without_its_interval():
    assert share_in_words(Share(n=3)) == "not enough labels (3; 30 are needed)"
    told = share_in_words(Share(n=40, share=0.05, low=0.02, high=0.1))
    assert told == "5.0 % (2.0 % to 10.0 %, n=40)"


def test_a_level_tells_all_its_shares():
    level = Level(
        threshold=0.7,
        accepted=0.5,
        harmed=0.04,
        kept=0.98,
        kept_low=0.96,
        kept_high=0.99,
        saved=0.4,
        saved_low=0.3,
        saved_high=0.5,
    )
    assert level_in_words(level) == (
        "from 0.70: accepts 50.0 %, keeps 98.0 % (96.0 % to 99.0 %), saves 40.0 % "
        "(30.0 % to 50.0 %)"
    )


def test_without_a_certificate_there_is_nothing_to_say():
    assert certificate_in_words(None) == ""
