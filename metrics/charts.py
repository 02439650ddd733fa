"""Geometry of charts; the templates draw it. Numbers are in units of the view box."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metrics import formats
from metrics.formats import NUSD_PER_CENT
from metrics.types import SavingsRow

WIDTH, HEIGHT = 800, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 8, 20, 34
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
TICKS = 4
LABELLED_DAYS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One coloured part of a bar: its `kind` is a class of the style sheet."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Some parts from the bottom up, and what they say when pointed at."""

    title: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place on an axis and its label."""

    position: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that a template needs to draw a chart, and to say it in words."""

    description: str
    bars: tuple[Bar, ...]
    amounts: tuple[Mark, ...]
    days: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM


def savings_chart(days: Sequence[SavingsRow]) -> Chart:
    """Return a bar for each day whose top is the baseline.

    From the bottom up: verifiers, drafts, checks, and what was saved. On a day that
    lost, the part above the baseline is what was spent too much.
    """
    highest = max((max(d.cost_nusd, d.baseline_nusd) for d in days), default=0)
    top = round_up(highest, least=NUSD_PER_CENT)
    step = PLOT_WIDTH / max(len(days), 1)
    return Chart(
        description=_description(days),
        bars=tuple(
            _bar(day, x=LEFT + n * step, step=step, top=top)
            for n, day in enumerate(days)
            if day.decisions
        ),
        amounts=tuple(_amount(top * n // TICKS, top) for n in range(TICKS + 1)),
        days=day_marks(days, step),
    )


def _bar(day: SavingsRow, *, x: float, step: float, top: int) -> Bar:
    gap = min(step * 0.2, 6)
    return Bar(
        title=_words(day),
        segments=tuple(
            Segment(
                kind=kind,
                x=round(x + gap / 2, 1),
                y=round(_y(high, top), 1),
                width=round(step - gap, 1),
                height=round(_y(low, top) - _y(high, top), 1),
            )
            for kind, low, high in _parts(day)
            if high > low
        ),
    )


def _parts(day: SavingsRow) -> Iterator[tuple[str, int, int]]:
    """Kind, lower and upper border of the parts of a day, from the bottom up.

    Whatever is neither draft nor check is the verifier's, so that the parts are the
    cost even where calls of old decisions do not add up to it.
    """
    common = min(day.cost_nusd, day.baseline_nusd)
    verifier_nusd = max(day.cost_nusd - day.draft_nusd - day.check_nusd, 0)
    low = 0
    for kind, nusd in (
        ("verifier", verifier_nusd),
        ("draft", day.draft_nusd),
        ("check", common),  # the rest
    ):
        high = min(low + nusd, common)
        yield kind, low, high
        low = high
    beyond = "saved" if day.saving_nusd >= 0 else "lost"
    yield beyond, common, common + abs(day.saving_nusd)


def _words(day: SavingsRow) -> str:
    moved = "saved" if day.saving_nusd >= 0 else "lost"
    return (
        f"{day.label}: {moved} {formats.usd(abs(day.saving_nusd))}, "
        f"spent {formats.usd(day.cost_nusd)} (drafts {formats.usd(day.draft_nusd)}, "
        f"checks {formats.usd(day.check_nusd)}), "
        f"verifier alone {formats.usd(day.baseline_nusd)}"
    )


def _description(days: Sequence[SavingsRow]) -> str:
    if not days:
        return "No days."
    lost = sum(day.saving_nusd < 0 for day in days)
    return (
        f"One bar a day from {days[0].label} to {days[-1].label}. Its top is what the "
        f"verifier alone would have cost; below it what verifiers, drafts and checks "
        f"cost, and what was saved. What was lost stands above it, in red. "
        f"Days that lost money: {lost}. The table beside it has every figure."
    )


def _y(nusd: int, top: int) -> float:
    return TOP + PLOT_HEIGHT * (1 - nusd / top)


def _amount(nusd: int, top: int) -> Mark:
    return Mark(position=round(_y(nusd, top), 1), label=formats.usd(nusd))


def day_marks(days: Sequence[SavingsRow], step: float) -> tuple[Mark, ...]:
    """Return the labels of an axis of `days`, each `step` wide; not of all of many."""
    every = max(1, -(-len(days) // LABELLED_DAYS))
    return tuple(
        Mark(position=round(LEFT + (n + 0.5) * step, 1), label=days[n].label[5:])
        for n in range(every // 2 if every > 1 else 0, len(days), every)
    )


def round_up(value: int, *, least: int = 1) -> int:
    """Return the smallest 1, 2, 4 or 8 times a power of ten that is not below `value`.

    Four ticks of it are round figures too. At least `least`, a power of ten, so that
    nothing is divided by zero on a quiet day.
    """
    power = least
    while power * 10 <= value:
        power *= 10
    return next(power * n for n in (1, 2, 4, 8, 10) if power * n >= value)
