"""What a simulation came to, as text and as JSON; for its commands.

Real and simulated money stand apart, and what cannot be known is said.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec

from metrics import formats, simulation
from metrics.simulation import ByKind, Sums

HEADINGS = (
    "rule",
    "decisions",
    "accepted",
    "then",
    "verifier alone",
    "spent",
    "then",
    "saved",
    "then",
)
NO_THRESHOLD = {3, 6, 8}
KINDS = {False: "real money", True: "simulated money"}
UNKNOWABLE = (
    "An escalation whose draft would be accepted is reckoned without the verifier's "
    "call: its baseline is not spent.",
    "An accepted draft that would escalate is reckoned with the verifier's call at its "
    "estimated baseline: nobody asked the verifier.",
    "A vetoed draft escalates at every threshold, and what had no judged draft stays "
    "as it was.",
    "Whether the drafts accepted in addition are any good, and what prompt caches "
    "would have held after other answers, no record tells.",
)


def as_json(kinds: ByKind, about: Mapping[str, Any]) -> str:
    """Return exact figures in nano-USD, with what the simulation was about."""
    report = {
        **about,
        **{
            KINDS[kind].replace(" ", "_"): {
                "total": _figures(simulation.total(rules.values())),
                "rules": [
                    {"rule": name, **_figures(sums)} for name, sums in _ordered(rules)
                ],
            }
            for kind, rules in kinds.items()
            if rules
        },
        "cannot_be_known": UNKNOWABLE,
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def as_text(kinds: ByKind, heading: str, *, threshold: float | None) -> str:
    """Return a table for each kind of money, and beneath it what is not known."""
    parts = [heading]
    for kind, rules in kinds.items():
        if rules:
            parts += ["", f"{KINDS[kind].capitalize()}:", *_table(rules, threshold)]
            parts += _notes(simulation.total(rules.values()), threshold)
    if threshold is not None:
        parts += ["", "What cannot be known:", *(f"- {text}" for text in UNKNOWABLE)]
    return "\n".join(parts)


def _figures(sums: Sums) -> dict[str, Any]:
    return {
        **dataclasses.asdict(sums),
        "saving_nusd": sums.saving_nusd,
        "then_accepted": sums.then_accepted,
        "then_cost_nusd": sums.then_cost_nusd,
        "then_saving_nusd": sums.then_saving_nusd,
    }


def _ordered(rules: Mapping[str, Sums]) -> list[tuple[str, Sums]]:
    """The dearest first, as on the savings page."""
    return sorted(rules.items(), key=lambda pair: (-pair[1].baseline_nusd, pair[0]))


def _table(rules: Mapping[str, Sums], threshold: float | None) -> list[str]:
    rows = [HEADINGS, *(_cells(name, sums) for name, sums in _ordered(rules))]
    rows.append(_cells("all", simulation.total(rules.values())))
    if threshold is None:
        rows = [_without(row, NO_THRESHOLD) for row in rows]
    return formats.aligned(rows)


def _cells(name: str, sums: Sums) -> tuple[str, ...]:
    unknown = 0 < sums.decisions == sums.unknown
    money = (
        sums.baseline_nusd,
        sums.cost_nusd,
        sums.then_cost_nusd,
        sums.saving_nusd,
        sums.then_saving_nusd,
    )
    return (
        name or "(no rule)",
        formats.count(sums.decisions),
        _share(sums.accepted, sums),
        _share(sums.then_accepted, sums),
        *(formats.usd(None if unknown else nusd) for nusd in money),
    )


def _share(accepted: int, sums: Sums) -> str:
    return formats.percent(accepted / sums.cascaded if sums.cascaded else None)


def _notes(sums: Sums, threshold: float | None) -> list[str]:
    notes = []
    if threshold is not None:
        notes.append(
            f"{formats.count(sums.gained)} escalations would be accepted, "
            f"{formats.usd(sums.gained_nusd)} of verifier calls not spent; "
            f"{formats.count(sums.lost)} accepted drafts would escalate, "
            f"{formats.usd(sums.lost_nusd)} spent. {formats.count(sums.vetoed)} were "
            f"vetoed, {formats.count(sums.unjudged)} had no judged draft."
        )
    if sums.unknown:
        notes.append(
            f"{formats.count(sums.unknown)} decisions of unknown cost or baseline are "
            "in no sum of money"
            + (
                f"; {formats.count(sums.moved_unknown)} of them would change sides."
                if threshold is not None
                else "."
            )
        )
    return notes


def _without(row: tuple[str, ...], places: set[int]) -> tuple[str, ...]:
    return tuple(cell for n, cell in enumerate(row) if n not in places)
