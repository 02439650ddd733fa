"""How long clients of a rule waited for the first byte, with a draft and without."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from metrics.models import RoutingDecision

Outcome = RoutingDecision.Outcome
# The newest decisions; a median of more would hardly differ.
READ_AT_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The median time to first byte of some answers; None without any."""

    answers: int
    median_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBytes:
    """Of cascaded answers, accepted and escalated, and of those without a draft."""

    accepted: Waiting
    escalated: Waiting
    without: Waiting


def first_bytes(rule: str, *, simulated: bool) -> FirstBytes:
    """Return how long the newest decisions of `rule` kept clients. One query."""
    newest = (
        RoutingDecision.objects.filter(rule=rule)
        .order_by("-started_at")
        .values_list("outcome", "first_byte_ms", "simulated")
    )
    seen: dict[str, list[int]] = {outcome: [] for outcome in Outcome.values}
    for outcome, first_byte_ms, kind in newest[:READ_AT_MOST]:
        if first_byte_ms is not None and kind == simulated:
            seen[outcome].append(first_byte_ms)
    return FirstBytes(
        accepted=_waiting(seen[Outcome.ACCEPTED]),
        escalated=_waiting(seen[Outcome.ESCALATED]),
        without=_waiting(seen[Outcome.PASS_THROUGH]),
    )


def _waiting(times_ms: Iterable[int]) -> Waiting:
    times = list(times_ms)
    return Waiting(answers=len(times), median_ms=median(times) if times else None)
