"""What was learned of a rule's money, in the words of its pages."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin

from metrics import formats
from metrics.stakes import Learned, LearnedByRule, mostly, pause_in_words
from routing.models import CascadeRule

Column = Callable[[CascadeRule], str]


def acceptance(known: Learned) -> str:
    """Return the share of accepted drafts, and of how many."""
    if known.acceptance is None:
        return "not measured"
    return f"{formats.percent(known.acceptance)} of about {known.outcomes:.0f}"


def break_even(known: Learned, rule: CascadeRule) -> str:
    """Return the acceptance a rule must reach, and whether it is paused below it."""
    words = formats.percent(known.break_even)
    return f"{words}, paused" if known.paused and rule.economics else words


def error(known: Learned) -> str:
    """Return the error of the baseline's estimate, or that too few tell."""
    if known.error is None:
        return f"not enough escalations ({known.error_samples})"
    return f"{formats.percent(known.error)}, median of {known.error_samples}"


def columns(learned: LearnedByRule) -> tuple[Column, Column]:
    """Return the columns of the list that need what was learned."""

    @admin.display(description="accepted of late")
    def accepted_of_late(rule: CascadeRule) -> str:
        return acceptance(mostly(learned, rule.name))

    @admin.display(description="break-even")
    def must_reach(rule: CascadeRule) -> str:
        return break_even(mostly(learned, rule.name), rule)

    return accepted_of_late, must_reach


def pauses(learned: LearnedByRule) -> list[str]:
    """Return why each rule that heeds its economics and is paused asks no drafts."""
    heeding = CascadeRule.objects.filter(enabled=True, economics=True)
    names = set(heeding.values_list("name", flat=True))
    return [
        pause_in_words(key, known)
        for key, known in sorted(learned.items(), key=lambda pair: pair[0])
        if known.paused and key.rule in names
    ]
