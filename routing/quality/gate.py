"""The gate of a rule: from the features of a draft to a confidence, and why.

A logistic regression with a part for the whole rule and a small one for each route that
has labels enough. A value, not an object with state: it can be stored, shown, compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

from routing.quality.regression import sigmoid

# A feature further from its mean than this many scales counts as this far.
CLIP = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An intercept and one coefficient for each feature, on the scale of log-odds."""

    intercept: float
    coefficients: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateMetrics:
    """How a gate did on rows it was not fitted on.

    `auroc`: the chance that a good draft gets more confidence than a worse one.
    `brier`: the mean squared error of the confidence. `good`: the share of good drafts.
    """

    auroc: float
    brier: float
    good: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What was learned of a rule's drafts.

    `names` are those of the inputs, in order; `scales` are 0 for what never varied.
    `slope` and `shift` calibrate the log-odds. `steps` are confidences of rows it was
    not fitted on, from strict to loose, at equal shares of acceptance: the thresholds a
    certificate may try. `fitted_at` is an ISO date.
    """

    features_version: int
    names: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    rule: Part
    routes: Mapping[str, Part] = field(default_factory=dict)
    slope: float = 1.0
    shift: float = 0.0
    steps: tuple[float, ...] = ()
    labels: int
    fitted_at: str
    metrics: GateMetrics

    def __post_init__(self) -> None:
        counts = {len(self.means), len(self.scales)}
        counts |= {
            len(part.coefficients) for part in (self.rule, *self.routes.values())
        }
        if counts != {len(self.names)}:
            raise ValueError("a gate has one mean, scale and coefficient for each name")

    def confidence(self, inputs: Sequence[float], route: str = "") -> float:
        """Return the chance, in [0, 1], that the draft is as good as the verifier's.

        `inputs` are the values of `names`. Raises ValueError when not as many.
        """
        return sigmoid(self.shift + self.slope * self.margin(inputs, route))

    def margin(self, inputs: Sequence[float], route: str = "") -> float:
        """Return the log-odds before calibration. Raises ValueError as above."""
        values = self.standardised(inputs)
        return sum(margin_of(part, values) for part in self._parts(route))

    def standardised(self, inputs: Sequence[float]) -> list[float]:
        """Return `inputs` in scales from their means, as coefficients want them.

        Raises ValueError when they are not as many as `names`.
        """
        if len(inputs) != len(self.names):
            raise ValueError(f"the gate takes {len(self.names)} inputs")
        return [
            standard(value, mean, scale)
            for value, mean, scale in zip(inputs, self.means, self.scales, strict=True)
        ]

    def contributions(
        self, inputs: Sequence[float], route: str = ""
    ) -> list[tuple[str, float]]:
        """Return what counts for (above 0) and against this draft, the most first.

        Log-odds beside a draft that is average in everything; they add up to what sets
        this draft apart from it. Raises ValueError when `inputs` are not as many.
        """
        weighted = zip(self._weights(route), self.standardised(inputs), strict=True)
        totals = [(name, weight * value) for (name, weight), value in weighted]
        return sorted(totals, key=lambda entry: -abs(entry[1]))

    def weights(self, route: str = "") -> list[tuple[str, float]]:
        """Return what counts for and against on this rule or route, the most first."""
        return sorted(self._weights(route), key=lambda entry: -abs(entry[1]))

    def dump(self) -> dict[str, Any]:
        """Return the gate as plain JSON values."""
        return asdict(self)

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Gate:
        """Return the gate that was dumped. Raises ValueError when it is not one."""
        try:
            values = {**stored}
            for name in ("names", "means", "scales", "steps"):
                values[name] = tuple(stored[name])
            values["rule"] = _part(stored["rule"])
            values["routes"] = {n: _part(p) for n, p in stored["routes"].items()}
            values["metrics"] = GateMetrics(**stored["metrics"])
            return cls(**values)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a stored gate: {error}") from error

    def _weights(self, route: str) -> list[tuple[str, float]]:
        """The log-odds of one scale above the mean by name, in the order of names."""
        parts = self._parts(route)
        return [
            (name, self.slope * sum(part.coefficients[at] for part in parts))
            for at, name in enumerate(self.names)
        ]

    def _parts(self, route: str) -> tuple[Part, ...]:
        own = self.routes.get(route)
        return (self.rule,) if own is None else (self.rule, own)


def standard(value: float, mean: float, scale: float) -> float:
    """Return how many scales `value` lies from `mean`, within `CLIP`."""
    if scale <= 0 or not isfinite(value):
        return 0.0
    return min(CLIP, max(-CLIP, (value - mean) / scale))


def margin_of(part: Part, values: Sequence[float]) -> float:
    """Return the log-odds that one part adds, of standardised `values`."""
    pairs = zip(part.coefficients, values, strict=True)
    return part.intercept + sum(c * v for c, v in pairs if c)


def _part(stored: Mapping[str, Any]) -> Part:
    return Part(
        intercept=float(stored["intercept"]),
        coefficients=tuple(map(float, stored["coefficients"])),
    )
