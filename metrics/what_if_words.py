"""An outlook in words: `what_if.js` has the same, and a test holds them together."""

from __future__ import annotations

from metrics import formats
from metrics.what_if import Basis, Outlook


def figures(basis: Basis, outlook: Outlook, percent: int) -> dict[str, str]:
    """Return the figures of an outlook by name, and `sentence`, which tells them."""
    threshold = f"{percent / 100:.2f}"
    accepted = formats.percent(outlook.accepted_share)
    cost, saving = formats.usd(outlook.cost_nusd), formats.usd(outlook.saving_nusd)
    more = _more(outlook.more_nusd)
    return {
        "threshold": threshold,
        "accepted": accepted,
        "count": f"{formats.count(outlook.accepted)} of "
        f"{formats.count(basis.happened.cascaded)}; {formats.count(outlook.gained)} "
        f"more, {formats.count(outlook.lost)} fewer",
        "cost": cost,
        "saving": saving,
        "more": more,
        "quality": quality(outlook),
        "sentence": f"At {threshold}: {accepted} of drafts accepted, {cost} spent, "
        f"{saving} saved, {more}.",
    }


def quality(outlook: Outlook) -> str:
    """Return the share of accepted drafts that are worse, or that too few tell."""
    samples = formats.count(outlook.samples)
    if outlook.worse_share is None:
        return f"not enough samples (n={samples})"
    return f"{formats.percent(outlook.worse_share)} (n={samples})"


def _more(nusd: int) -> str:
    if not nusd:
        return "as it was"
    return f"{formats.usd(abs(nusd))} {'more' if nusd > 0 else 'less'} than it was"
