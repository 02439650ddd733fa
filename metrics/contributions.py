"""What each number counted in judging a draft, from the apps that know.

Who judges adds to `explainers` at the start; the page of a decision asks them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from metrics.models import RoutingDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """What counted for (above 0) and against a draft, the most first.

    In log-odds beside a draft that is average in everything; `by` says who reckoned.
    """

    by: str
    parts: tuple[tuple[str, float], ...]


Explainer = Callable[[RoutingDecision], Contributions | None]

explainers: list[Explainer] = []


def of(decision: RoutingDecision) -> Contributions | None:
    """Return what the first who knows says; None when nobody does."""
    told = (explainer(decision) for explainer in explainers)
    return next((found for found in told if found is not None), None)
