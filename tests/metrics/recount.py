"""The sums of decisions once more, from records, with none of the product's code."""

from __future__ import annotations

from metrics.types import SavingsRow

PARTS = {"draft": "draft", "verifier": "verifier", "fallback": "verifier"}


def recount(records, label, *, start, end, simulated):
    mine = [
        r
        for r in records
        if r.simulated == simulated
        and start <= r.started_at < end
        and r.outcome != "account"
    ]
    known = [r for r in mine if None not in (r.cost_nusd, r.baseline_nusd)]
    wasting = [
        r
        for r in mine
        if r.outcome != "accepted" and any(c.role == "draft" for c in r.calls)
    ]
    cold = [
        r
        for r in known
        if r.baseline_basis == "verifier:warm" and paid(r, "verifier") is not None
    ]
    return SavingsRow(
        label=label,
        decisions=len(mine),
        accepted=[r.outcome for r in mine].count("accepted"),
        escalated=[r.outcome for r in mine].count("escalated"),
        pass_through=[r.outcome for r in mine].count("pass_through"),
        aborted=sum(r.aborted for r in mine),
        unknown_cost=len(mine) - len(known),
        cost_nusd=sum(r.cost_nusd for r in known),
        baseline_nusd=sum(r.baseline_nusd for r in known),
        repeats=sum(r.repeat for r in mine),
        failed=sum(r.status >= 400 for r in mine),
        draft_nusd=sum(paid(r, "draft") or 0 for r in known),
        verifier_nusd=sum(paid(r, "verifier") or 0 for r in known),
        check_nusd=sum(paid(r, "check") or 0 for r in known),
        wasted_drafts=len(wasting),
        wasted_nusd=sum(paid(r, "draft") or 0 for r in wasting if r in known),
        lost_cache_nusd=sum(paid(r, "verifier") - r.baseline_nusd for r in cold),
        overhead_us=sum(r.overhead_us for r in mine),
    )


def paid(record, part):
    """What the calls of a part cost; None when there was none."""
    costs = [
        c.cost_nusd or 0 for c in record.calls if PARTS.get(c.role, "check") == part
    ]
    return sum(costs) if costs else None
