"""What the page of a rule says of quality: promise, curve, labels, what counts."""

from __future__ import annotations

from typing import Any

from metrics import first_bytes, formats, moments
from metrics.first_bytes import Waiting
from routing.models import CascadeRule
from routing.pages.quality_curve import quality_curve
from routing.quality_words import level_in_words, share_in_words
from routing.rule_standing import (
    Standing,
    outlook_in_words,
    promise_in_words,
    standing_of,
    ungated_in_words,
)


def section(rule: CascadeRule | None, *, simulated: bool) -> dict[str, Any]:
    """Return what the template shows of `rule`; {} for a rule that is gone.

    Cost: some eight queries of bounded rows, whatever was decided.
    """
    if rule is None:
        return {}
    standing = standing_of(rule, simulated=simulated)
    quality = standing.quality
    return {
        "standing_of_rule": standing,
        "quality": quality,
        "promise": promise_in_words(standing.certificate)
        if standing.certificate
        else "",
        "certificate_words": _certificate(standing),
        "curve": quality_curve(quality.levels, quality.own),
        "levels": [(f"{p.threshold:.2f}", level_in_words(p)) for p in quality.levels],
        "own_words": level_in_words(quality.own) if quality.own else "",
        "harm_words": share_in_words(quality.harm),
        "ungated_words": ungated_in_words(standing),
        "observed_words": outlook_in_words(standing),
        "weights": [
            (weight.name, weight.words, f"{weight.value:+.3f}")
            for weight in standing.weights
        ],
        "waiting": _waiting(rule.name, simulated=simulated),
    }


def _certificate(standing: Standing) -> list[tuple[str, str]]:
    """The figures of the newest certificate; [] when there never was one."""
    row = standing.certificate
    if row is None:
        return []
    bound = "nothing yet" if row.bound >= 1 else formats.percent(row.bound)
    figures = [
        ("Proven", bound),
        ("Confidence", f"{row.sure * 100:g} %"),
        ("Labels", formats.count(row.labels)),
        ("Issued", moments.day(row.issued_at)),
    ]
    if row.ended_at is not None:
        figures.append(("Ended", moments.day(row.ended_at)))
    if row.threshold is not None:
        figures.insert(0, ("Threshold", f"{row.threshold:.2f}"))
    return figures


def _waiting(rule: str, *, simulated: bool) -> list[tuple[str, str, str]]:
    """Whose first byte, after how long, of how many answers; [] of none."""
    found = first_bytes.first_bytes(rule, simulated=simulated)
    rows = (
        ("Draft accepted", found.accepted),
        ("Escalated", found.escalated),
        ("Without a draft", found.without),
    )
    return [
        (words, _milliseconds(told), formats.count(told.answers))
        for words, told in rows
        if told.answers
    ]


def _milliseconds(told: Waiting) -> str:
    if told.median_ms is None:
        return "n/a"
    return formats.milliseconds(round(told.median_ms))
