"""The figures at the head of a rule's page, each with what is behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metrics import formats
from metrics.cards import money
from metrics.links import Links
from metrics.stakes import Learned, RuleKey, pause_in_words
from metrics.types import SavingsRow
from routing.models import CascadeRule

LearnedOf = Mapping[RuleKey, Learned]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure: its name, what it means, what it was before. `url` may be ""."""

    label: str
    value: str
    note: str
    previous: str = ""
    url: str = ""
    bad: bool = False


def cards(
    now: SavingsRow,
    before: SavingsRow,
    *,
    links: Links,
    of_late: Learned,
) -> list[Card]:
    """Return the cards: money of the period first, then what was learned of late."""
    return [
        *_money(now, before, links.decisions()),
        *_drafts(now, before, links),
        _break_even(of_late),
        _error(of_late),
    ]


def pauses(rule: CascadeRule | None, known: LearnedOf) -> list[str]:
    """Return why a rule that is on and heeds its economics asks no drafts."""
    if rule is None or not (rule.enabled and rule.economics):
        return []
    return [
        pause_in_words(key, learned)
        for key, learned in sorted(known.items(), key=lambda pair: pair[0])
        if learned.paused
    ]


def _money(now: SavingsRow, before: SavingsRow, url: str) -> list[Card]:
    lost = now.saving_nusd < 0
    return [
        Card(
            label="Lost" if lost else "Saved",
            value=money(now, abs(now.saving_nusd)),
            note=f"{formats.percent(now.saving_share)} of the verifier alone, net",
            previous=_before(before, formats.usd(before.saving_nusd)),
            url=url,
            bad=lost,
        ),
        Card(
            label="Spent",
            value=money(now, now.cost_nusd),
            note=f"{formats.usd(now.wasted_nusd)} of it on drafts not returned",
            previous=_before(before, formats.usd(before.cost_nusd)),
            url=url,
        ),
        Card(
            label="Verifier alone",
            value=money(now, now.baseline_nusd),
            note="the cost without drafts",
            previous=_before(before, formats.usd(before.baseline_nusd)),
            url=url,
        ),
    ]


def _drafts(now: SavingsRow, before: SavingsRow, links: Links) -> list[Card]:
    cascaded = now.accepted + now.escalated
    return [
        Card(
            label="Drafts accepted",
            value=formats.percent(now.accepted_share),
            note=f"{formats.count(now.accepted)} of {formats.count(cascaded)} cascaded",
            previous=_before(before, formats.percent(before.accepted_share)),
            url=links.accepted(),
        ),
        Card(
            label="Decisions",
            value=formats.count(now.decisions),
            note=f"{formats.count(now.pass_through)} of them without a draft",
            previous=_before(before, formats.count(before.decisions)),
            url=links.decisions(),
        ),
    ]


def _break_even(known: Learned) -> Card:
    accepted, even = known.acceptance, known.break_even
    if accepted is None or even is None:
        return Card(label="Break-even", value="n/a", note="no judged drafts of late")
    points = (accepted - even) * 100
    side = "above" if points >= 0 else "below"
    return Card(
        label="Break-even",
        value=formats.percent(even),
        note=f"{formats.percent(accepted)} accepted of late: {abs(points):.1f} points "
        f"{side} it",
        bad=points < 0,
    )


def _error(known: Learned) -> Card:
    if known.error is None:
        note = f"not enough escalations ({known.error_samples})"
        return Card(label="Error of the baseline", value="n/a", note=note)
    return Card(
        label="Error of the baseline",
        value=formats.percent(known.error),
        note=f"median of {known.error_samples} escalations, where the truth is known",
    )


def _before(before: SavingsRow, words: str) -> str:
    return words if before.decisions else "no decisions"
