"""Labelled drafts -> a gate. Pure and deterministic; it belongs in the background.

About 0.7 s for 1,000 drafts and 4 s for 5,000 on one core: no worker that carries
streams should run it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from zlib import crc32

from routing.quality import agreement, route
from routing.quality.features import vector
from routing.quality.gate import Gate, GateMetrics, Part, margin_of, standard
from routing.quality.ranking import auroc, steps_of
from routing.quality.regression import Problem, fitted, sigmoid
from routing.quality.route import Posterior, RouteTable

FIRST_NAMES = (*vector.NAMES, *route.NAMES)
SECOND_NAMES = (*FIRST_NAMES, *agreement.NAMES)

MIN_LABELS = 40
# The newest rows say most; more of them cost time and add little.
MAX_LABELS = 5_000
_FOLDS = 3
_RULE_PENALTY = 40.0
_ROUTE_PENALTY = 80.0
_ROUTE_GATE_LABELS = 50
_ROUTE_ROUNDS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A draft of which it is known whether it was as good as the verifier's answer.

    `features` as `vector.features_of` returns them; `second` as `agreement.features_of`
    does, None when no second opinion was asked. `weight` is the label's trust by the
    chance with which it was drawn. Rows of one `group` (a question, a conversation) are
    never on both sides of a test; "" stands alone.
    """

    features: Sequence[float]
    as_good: bool
    route: str = ""
    second: Sequence[float] | None = None
    weight: float = 1.0
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A gate, the routes it was fitted with, and honest confidences of its rows.

    `confidences` stand in the order of the rows, each from a gate that had not seen the
    row, None for rows that were not used; thresholds and curves are drawn from these.
    """

    gate: Gate
    routes: RouteTable
    confidences: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    means: list[float]
    scales: list[float]
    rule: Part
    routes: dict[str, Part]
    table: RouteTable


def inputs(
    features: Sequence[float],
    posterior: Posterior,
    second: Sequence[float] | None = None,
) -> tuple[float, ...]:
    """Return what a gate takes: `FIRST_NAMES`, or with a second `SECOND_NAMES`."""
    return (*features, *posterior.inputs, *(second or ()))


def learn(
    rows: Sequence[Labelled],
    *,
    fitted_at: str,
    prior: float = 0.5,
    with_second: bool = False,
) -> Learned | None:
    """Return the gate that `rows` teach, oldest first; None when they are too few.

    Too few are fewer than 40, or rows that are all good or all worse. With
    `with_second` only rows with a second opinion count, and the gate takes it.
    """
    places = [at for at, row in enumerate(rows) if row.second or not with_second]
    used = [rows[at] for at in places[-MAX_LABELS:]]
    if not can_tell_apart(used):
        return None
    names = SECOND_NAMES if with_second else FIRST_NAMES
    margins = _honest_margins(used, prior, with_second=with_second)
    shift, slope = _calibrated(margins, used)
    confidences = tuple(sigmoid(shift + slope * margin) for margin in margins)
    fit = _fit(used, prior, with_second=with_second)
    gate = Gate(
        features_version=vector.FEATURES_VERSION,
        names=names,
        means=tuple(fit.means),
        scales=tuple(fit.scales),
        rule=fit.rule,
        routes=fit.routes,
        slope=slope,
        shift=shift,
        steps=steps_of(confidences),
        labels=len(used),
        fitted_at=fitted_at,
        metrics=_metrics(confidences, used),
    )
    known = dict(zip(places[-MAX_LABELS:], confidences, strict=True))
    return Learned(
        gate=gate,
        routes=fit.table,
        confidences=tuple(known.get(at) for at in range(len(rows))),
    )


def can_tell_apart(rows: Sequence[Labelled]) -> bool:
    """Return whether a gate can be learned of `rows`: enough, and of both kinds."""
    return len(rows) >= MIN_LABELS and len({row.as_good for row in rows}) == 2


def _honest_margins(
    rows: Sequence[Labelled], prior: float, *, with_second: bool
) -> list[float]:
    margins = [0.0] * len(rows)
    folds = [
        (crc32(row.group.encode()) if row.group else at) % _FOLDS
        for at, row in enumerate(rows)
    ]
    for fold in range(_FOLDS):
        others = [r for r, f in zip(rows, folds, strict=True) if f != fold]
        if not others:
            continue
        fit = _fit(others, prior, with_second=with_second)
        for at, row in enumerate(rows):
            if folds[at] == fold:
                margins[at] = _margin(fit, row, with_second=with_second)
    return margins


def table_of(rows: Iterable[Labelled], prior: float) -> RouteTable:
    """Return the base rates that `rows` teach, by route; `prior` where none does."""
    table = RouteTable(prior)
    for row in rows:
        table.add(row.route, as_good=row.as_good, weight=row.weight)
    return table


def _fit(rows: Sequence[Labelled], prior: float, *, with_second: bool) -> _Fit:
    table = table_of(rows, prior)
    raw = [_inputs(row, table, with_second=with_second, own=True) for row in rows]
    columns = [list(column) for column in zip(*raw, strict=True)]
    means, scales = zip(*map(_scale, columns), strict=True)
    for at, column in enumerate(columns):
        mean, scale = means[at], scales[at]
        columns[at] = [standard(value, mean, scale) for value in column]
    base = _part(rows, columns, [0.0] * len(rows), _RULE_PENALTY)
    margins = _margins(base, columns, len(rows))
    routes = _route_parts(rows, columns, margins)
    return _Fit(
        means=list(means), scales=list(scales), rule=base, routes=routes, table=table
    )


def _route_parts(
    rows: Sequence[Labelled], columns: Sequence[list[float]], margins: Sequence[float]
) -> dict[str, Part]:
    """What sets each route with labels enough apart from the rule as a whole."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        places[row.route].append(at)
    if len(places) < 2:
        return {}
    parts = {}
    for name, own in places.items():
        if len(own) >= _ROUTE_GATE_LABELS:
            values = [[column[at] for at in own] for column in columns]
            offsets = [margins[at] for at in own]
            mine = [rows[at] for at in own]
            parts[name] = _part(mine, values, offsets, _ROUTE_PENALTY)
    return parts


def _part(
    rows: Sequence[Labelled],
    columns: Sequence[list[float]],
    offsets: Sequence[float],
    penalty: float,
) -> Part:
    varied = [at for at, column in enumerate(columns) if any(column)]
    intercept, found = fitted(
        Problem(
            columns=[columns[at] for at in varied],
            targets=[float(row.as_good) for row in rows],
            weights=[row.weight for row in rows],
            offsets=offsets,
            penalty=penalty / len(rows),
        ),
        rounds=_ROUTE_ROUNDS,
    )
    coefficients = [0.0] * len(columns)
    for at, coefficient in zip(varied, found, strict=True):
        coefficients[at] = coefficient
    return Part(intercept=intercept, coefficients=tuple(coefficients))


def _margins(part: Part, columns: Sequence[list[float]], count: int) -> list[float]:
    margins = [part.intercept] * count
    for coefficient, column in zip(part.coefficients, columns, strict=True):
        if coefficient:
            for at, entry in enumerate(column):
                margins[at] += coefficient * entry
    return margins


def _margin(fit: _Fit, row: Labelled, *, with_second: bool) -> float:
    raw = _inputs(row, fit.table, with_second=with_second, own=False)
    values = [
        standard(value, mean, scale)
        for value, mean, scale in zip(raw, fit.means, fit.scales, strict=True)
    ]
    parts = [fit.rule, *([fit.routes[row.route]] if row.route in fit.routes else [])]
    return sum(margin_of(part, values) for part in parts)


def _inputs(
    row: Labelled, table: RouteTable, *, with_second: bool, own: bool
) -> tuple[float, ...]:
    without = (row.as_good, row.weight) if own else None
    posterior = table.posterior(row.route, without=without)
    return inputs(row.features, posterior, row.second if with_second else None)


def _scale(column: Sequence[float]) -> tuple[float, float]:
    mean = sum(column) / len(column)
    spread = sqrt(sum((value - mean) ** 2 for value in column) / len(column))
    return mean, spread if spread > 1e-9 else 0.0


def _calibrated(
    margins: Sequence[float], rows: Sequence[Labelled]
) -> tuple[float, float]:
    """The shift and slope that make honest margins honest log-odds (Platt)."""
    problem = Problem(
        columns=[[max(-30.0, min(30.0, margin)) for margin in margins]],
        targets=[float(row.as_good) for row in rows],
        weights=[row.weight for row in rows],
        offsets=[0.0] * len(rows),
        penalty=1.0 / len(rows),
    )
    shift, (slope,) = fitted(problem)
    # Nothing was learned when the slope would turn the order around.
    return shift, max(0.05, slope)


def _metrics(confidences: Sequence[float], rows: Sequence[Labelled]) -> GateMetrics:
    good = [row.as_good for row in rows]
    errors = [(c - g) ** 2 for c, g in zip(confidences, good, strict=True)]
    return GateMetrics(
        auroc=auroc(confidences, good),
        brier=sum(errors) / len(errors),
        good=sum(good) / len(good),
    )
