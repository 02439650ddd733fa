"""The figures at the top of the overview, in words, and what was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from metrics import formats
from metrics.links import Links
from metrics.models import RoutingDecision
from metrics.overview import Figures, Overview
from metrics.quality_figures import ENOUGH_LABELS, NeedlessEscalations, Quality
from metrics.types import SavingsRow

Outcome = RoutingDecision.Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure with its name, what it means, its forerunner and what is behind it.

    `previous` is "" where nothing is compared. `bad` figures are red, and `small` ones
    are words in place of a figure.
    """

    label: str
    value: str
    note: str
    url: str = ""
    previous: str = ""
    bad: bool = False
    small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One way in which savings were lost: how often, and for how much."""

    label: str
    note: str
    count: str
    amount: str
    url: str


def cards(figures: Figures, links: Links) -> list[Card]:
    """Return the cards; without a previous period they compare with nothing."""
    now, before = figures.total, figures.previous
    made = [
        _saved(now),
        _spent(now),
        _baseline(now),
        _accepted(now),
        _turns(now),
        _added(now),
        _quality(figures.quality),
    ]
    places = _places(links)
    previous = _previous(figures) if before is not None else [""] * len(made)
    return [
        replace(card, url=url, previous=text)
        for card, url, text in zip(made, places, previous, strict=True)
    ]


def losses(overview: Overview, links: Links) -> list[Loss]:
    """Return what savings were lost to. They overlap, and are in the cost already."""
    total = overview.figures.total
    return [
        Loss(
            label="Wasted drafts",
            note="asked, paid and not returned",
            count=formats.count(total.wasted_drafts),
            amount=formats.usd(total.wasted_nusd),
            url=links.decisions(
                draft_ms__isnull=False,
                outcome__in=f"{Outcome.ESCALATED},{Outcome.PASS_THROUGH}",
            ),
        ),
        Loss(
            label="Lost cache discounts",
            note="verifiers that had gone cold while drafts answered",
            count="",
            amount=formats.usd(total.lost_cache_nusd),
            url=links.decisions(baseline_basis__exact="verifier:warm"),
        ),
        _needless(overview.needless, links),
    ]


def _needless(found: NeedlessEscalations, links: Links) -> Loss:
    note = "escalations whose draft is labelled as good as the verifier's answer"
    if found.priced < found.labels:
        note += f"; amount of the {formats.count(found.priced)} newest of known cost"
    more = "more than " if found.more else ""
    return Loss(
        label="Drafts that were good",
        note=note,
        count=f"{more}{formats.count(found.labels)}",
        amount=formats.usd(found.nusd)
        if found.priced or not found.labels
        else "unknown",
        url=links.decisions(decision_id__in=",".join(found.newest))
        if found.newest
        else "",
    )


def _places(links: Links) -> list[str]:
    """The decisions behind each card."""
    everything = links.decisions()
    accepted = links.accepted()
    turns = links.decisions(repeat__exact=0)
    return [everything, everything, everything, accepted, turns, everything, accepted]


def _previous(figures: Figures) -> list[str]:
    before, quality = figures.previous, figures.previous_quality
    if before is None or not before.decisions:
        return ["no decisions"] * 7
    now = figures.total
    return [
        _compared(now, before, lambda row: row.saving_nusd, formats.usd),
        _compared(now, before, lambda row: row.cost_nusd, formats.usd),
        _compared(now, before, lambda row: row.baseline_nusd, formats.usd),
        formats.percent(before.accepted_share),
        _compared(now, before, lambda row: row.turns, formats.count),
        formats.short_milliseconds(before.added_ms),
        "n/a" if quality is None else _quality(quality).value,
    ]


def _compared(
    now: SavingsRow,
    before: SavingsRow,
    figure: Callable[[SavingsRow], int],
    written: Callable[[int], str],
) -> str:
    """The figure before, and by how much it grew; no share of what was 0 or a loss."""
    was, is_now = figure(before), figure(now)
    if before.all_unknown and written is formats.usd:
        return "unknown"
    if was <= 0 or is_now < 0:
        return written(was)
    return f"{written(was)} ({(is_now / was - 1) * 100:+.1f} %)"


def money(row: SavingsRow, nusd: int) -> str:
    """Return a sum of `row` in dollars, or that none of its costs is known."""
    return "unknown" if row.all_unknown else formats.usd(nusd)


def _saved(now: SavingsRow) -> Card:
    lost = now.saving_nusd < 0
    return Card(
        label="Lost" if lost else "Saved",
        value=money(now, abs(now.saving_nusd)),
        note=f"{formats.percent(now.saving_share)} of the verifier alone, net",
        bad=lost,
    )


def _spent(now: SavingsRow) -> Card:
    return Card(
        label="Spent",
        value=money(now, now.cost_nusd),
        note="every call, wasted drafts too",
    )


def _baseline(now: SavingsRow) -> Card:
    return Card(
        label="Verifier alone",
        value=money(now, now.baseline_nusd),
        note="the cost without drafts",
    )


def _accepted(now: SavingsRow) -> Card:
    cascaded = now.accepted + now.escalated
    return Card(
        label="Drafts accepted",
        value=formats.percent(now.accepted_share),
        note=f"{formats.count(now.accepted)} of {formats.count(cascaded)} cascaded",
    )


def _turns(now: SavingsRow) -> Card:
    repeats = f", {formats.count(now.repeats)} repeats of failed ones among them"
    decisions = formats.count(now.decisions) + " decisions"
    return Card(
        label="Turns",
        value=formats.count(now.turns),
        note=f"{decisions}{repeats if now.repeats else ''}; "
        f"{formats.count(now.aborted)} aborted by the client",
    )


def _added(now: SavingsRow) -> Card:
    return Card(
        label="Added time",
        value=formats.short_milliseconds(now.added_ms),
        note="our own time in a decision, on average; drafts are not in it",
    )


def _quality(found: Quality) -> Card:
    """Never a figure that too few labels made."""
    apart = ""
    if found.picked:
        apart = (
            f"; apart from them {formats.count(found.picked)} that people or clients "
            f"picked, {formats.count(found.picked_worse)} of them worse"
        )
    if found.share is None or found.low is None or found.high is None:
        return Card(
            label="Measured quality",
            value=f"not enough samples (n={found.labels})",
            note=f"{ENOUGH_LABELS} labels drawn at random are needed{apart}",
            small=True,
        )
    return Card(
        label="Measured quality",
        value=formats.percent(found.share),
        note=f"of accepted drafts not worse than the verifier; 95 % interval "
        f"{formats.percent(found.low)} to {formats.percent(found.high)}, "
        f"n={formats.count(found.labels)}{apart}",
    )
