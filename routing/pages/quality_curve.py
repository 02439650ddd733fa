"""Geometry of cost over quality; a template draws it. Units are those of the view box.

To the right more quality is kept, upwards more is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from metrics import formats
from metrics.charts import Mark
from routing.rule_quality import Level

WIDTH, HEIGHT = 800, 320
LEFT, RIGHT, TOP, FLOOR = 84, 752, 24, 264
# The widest interval worth seeing; what lies beyond is cut at the edge.
LEAST_KEPT = 0.5
LEAST_SAVED = -1.0
CROSSES = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A level as a point with its intervals: two lines that cross there."""

    x: float
    y: float
    left: float
    right: float
    top: float
    floor: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCurve:
    """The levels as a line, some with intervals, and the rule's own as a dot.

    `zero_y` is where nothing is saved.
    """

    description: str
    line: str
    crosses: tuple[Spot, ...]
    own: Spot | None
    kept: tuple[Mark, ...]
    saved: tuple[Mark, ...]
    zero_y: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    floor: int = FLOOR


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Shares kept from `kept` to 1, and saved between two whole tens of percent."""

    kept: float
    low: float
    high: float

    def x(self, kept: float) -> float:
        share = (max(self.kept, min(1.0, kept)) - self.kept) / (1.0 - self.kept)
        return round(LEFT + share * (RIGHT - LEFT), 1)

    def y(self, saved: float) -> float:
        share = (max(self.low, min(self.high, saved)) - self.low) / (
            self.high - self.low
        )
        return round(FLOOR - share * (FLOOR - TOP), 1)


def quality_curve(levels: Sequence[Level], own: Level | None) -> QualityCurve | None:
    """Return the curve of `levels`, strict to loose; None without any."""
    if not levels:
        return None
    scale = _scale([*levels, *([own] if own else [])])
    step = max(1, len(levels) // CROSSES)
    tens = range(round(scale.low * 10), round(scale.high * 10) + 1)
    every = max(1, len(tens) // 5)
    return QualityCurve(
        description=_in_words(levels, own),
        line=" ".join(f"{scale.x(p.kept)},{scale.y(p.saved)}" for p in levels),
        crosses=tuple(_spot(level, scale) for level in levels[::step]),
        own=_spot(own, scale) if own else None,
        kept=tuple(
            Mark(position=scale.x(share), label=formats.percent(share))
            for share in (scale.kept + n * (1 - scale.kept) / 4 for n in range(5))
        ),
        saved=tuple(
            Mark(position=scale.y(ten / 10), label=f"{ten * 10} %")
            for ten in tens[::every]
        ),
        zero_y=scale.y(0.0),
    )


def _scale(levels: Sequence[Level]) -> _Scale:
    least = min(level.kept_low for level in levels)
    # Whole percents, and never a scale of nothing.
    kept = max(LEAST_KEPT, min(0.96, int(least * 100) / 100))
    low = min(0.0, *(level.saved_low for level in levels))
    high = max(0.1, *(level.saved_high for level in levels))
    return _Scale(
        kept=kept,
        low=max(LEAST_SAVED, floor(low * 10) / 10),
        high=min(1.0, ceil(high * 10) / 10),
    )


def _spot(level: Level, scale: _Scale) -> Spot:
    return Spot(
        x=scale.x(level.kept),
        y=scale.y(level.saved),
        left=scale.x(level.kept_low),
        right=scale.x(level.kept_high),
        top=scale.y(level.saved_high),
        floor=scale.y(level.saved_low),
        title=f"From {level.threshold:.2f}: {_does(level, ',')}",
    )


def _in_words(levels: Sequence[Level], own: Level | None) -> str:
    strict, loose = levels[0], levels[-1]
    words = (
        f"From a threshold of {strict.threshold:.2f}, which {_does(strict, ' and')}, "
        f"to {loose.threshold:.2f}, which {_does(loose, ' and')}."
    )
    if own is None:
        return words
    return f"{words} The rule's own, {own.threshold:.2f}, {_does(own, ' and')}."


def _does(level: Level, joint: str) -> str:
    saved, kept = formats.percent(level.saved), formats.percent(level.kept)
    return f"saves {saved}{joint} keeps {kept}"
