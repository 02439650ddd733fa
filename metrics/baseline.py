"""What the verifier alone would have cost: the figure savings are measured against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from metrics.pricing import cost_nusd
from metrics.types import CallRecord, Price


def baseline_nusd(
    calls: Sequence[CallRecord], *, verifier_price: Price | None
) -> int | None:
    """Return what the same request would have cost without a draft, in nano-USD.

    The verifier was asked: what its own calls cost, whatever became of them. A
    failure would have been a failure without the draft too. It was not asked: the
    draft's tokens at `verifier_price`, class by class. Nobody was asked: 0. None when
    usage or price is not known.

    `verifier_price` is the tier for the draft's prompt; it is not looked at when the
    verifier was asked. `docs/savings.md` says how far the estimate can be trusted.
    """
    verifier_calls = [call for call in calls if call.role == "verifier"]
    if verifier_calls:
        return _sum(call.cost_nusd for call in verifier_calls)
    drafts = [call for call in calls if call.role == "draft"]
    if not drafts:
        return 0
    usage = drafts[-1].usage
    if usage is None or verifier_price is None:
        return None
    return cost_nusd(usage, verifier_price)


def total_cost_nusd(calls: Sequence[CallRecord]) -> int | None:
    """Return what all calls cost together; None when the cost of one is not known."""
    return _sum(call.cost_nusd for call in calls)


def _sum(costs: Iterable[int | None]) -> int | None:
    total = 0
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total
