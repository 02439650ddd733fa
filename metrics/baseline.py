"""What the verifier alone would have cost: the figure savings are measured against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from metrics.pricing import cost_nusd
from metrics.types import CallRecord, Price, Role, Usage


def baseline_nusd(
    calls: Sequence[CallRecord], *, verifier_price: Price | None
) -> int | None:
    """Return what the same request would have cost without a draft, in nano-USD.

    The verifier was asked: what its own calls cost, whatever became of them. A
    failure would have been a failure without the draft too. Its fallback answered, or
    it was not asked: the tokens of who answered at `verifier_price`, class by class.
    Nobody was asked: 0. None when usage or price is not known.

    `verifier_price` is the tier for the prompt of `stand_in(calls)`; it is not looked
    at when there is none. `docs/savings.md` says how far the estimate can be trusted.
    """
    answered = stand_in(calls)
    if answered is not None:
        if answered.usage is None or verifier_price is None:
            return None
        return cost_nusd(answered.usage, verifier_price)
    return _sum(call.cost_nusd for call in calls if call.role == "verifier")


class Told(Protocol):
    """A call that has a role and may have told its usage."""

    @property
    def role(self) -> Role:
        """What the call was for."""

    @property
    def status(self) -> int | None:
        """What it was answered; None when it was not."""

    @property
    def usage(self) -> Usage | None:
        """The tokens it told; None when it told none."""


CallT = TypeVar("CallT", bound=Told)


def stand_in(calls: Sequence[CallT]) -> CallT | None:
    """Return the call that answered in the verifier's place; None when it was asked.

    That is the fallback when it answered, else the last try of a draft.
    """
    roles = {call.role: call for call in calls}
    fallback = roles.get("fallback")
    if fallback is not None and fallback.status == 200:
        return fallback
    return None if "verifier" in roles else roles.get("draft")


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
