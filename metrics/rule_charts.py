"""Geometry of a rule's charts; templates draw it. Units are those of the view box."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from metrics import formats
from metrics.charts import Bar, Mark, Segment, day_marks, round_up
from metrics.formats import NUSD_PER_CENT
from metrics.types import BINS, SavingsRow
from metrics.what_if import Judged

WIDTH = 800
LEFT, RIGHT = 84, 780
HISTOGRAM_HEIGHT, HISTOGRAM_TOP, HISTOGRAM_FLOOR = 270, 44, 228
# Vetoed drafts stand apart, left of the scale of confidence.
VETO_WIDTH, VETO_GAP = 14, 50
SCALE_LEFT = LEFT + VETO_WIDTH + VETO_GAP
LEAST_HEIGHT = 1.5

TREND_HEIGHT, SHARE_TOP, SHARE_FLOOR = 340, 46, 140
MONEY_TOP, MONEY_FLOOR = 176, 306


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Judged drafts by confidence. `threshold_x` is None for a rule that is gone."""

    description: str
    columns: tuple[Bar, ...]
    counts: tuple[Mark, ...]
    scale: tuple[Mark, ...]
    threshold_x: float | None
    threshold: str
    chosen_x: float
    width: int = WIDTH
    height: int = HISTOGRAM_HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = HISTOGRAM_TOP
    floor: int = HISTOGRAM_FLOOR
    scale_left: int = SCALE_LEFT
    veto_x: float = LEFT + VETO_WIDTH / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Something that happened to the rule on a day: 2026-11-23."""

    day: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """The annotations of one day under one number, and where the day is drawn."""

    number: int
    x: float
    day: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Accepted share and saving by day, one above the other, and what was changed."""

    description: str
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    shares: tuple[Mark, ...]
    columns: tuple[Bar, ...]
    amounts: tuple[Mark, ...]
    zero_y: float
    days: tuple[Mark, ...]
    flags: tuple[Flag, ...]
    width: int = WIDTH
    height: int = TREND_HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = SHARE_TOP
    floor: int = MONEY_FLOOR


def histogram(judged: Judged, *, threshold: float | None, chosen: int) -> Histogram:
    """Return a column for each bin, accepted below rejected, and one for vetoes.

    `chosen` is the threshold in percent that the reader looks at.
    """
    counts = [a + r for a, r in zip(judged.accepted, judged.rejected, strict=True)]
    top = round_up(max(*counts, judged.vetoed))
    return Histogram(
        description=_histogram_in_words(judged, threshold),
        columns=tuple(_histogram_columns(judged, top)),
        counts=tuple(
            Mark(
                position=_y(n, top, HISTOGRAM_TOP, HISTOGRAM_FLOOR),
                label=formats.count(n),
            )
            for n in sorted({0, top // 2, top})
        ),
        scale=tuple(
            Mark(position=_scale_x(n / BINS), label=f"{n / BINS:.1f}")
            for n in range(0, BINS + 1, 20)
        ),
        threshold_x=None if threshold is None else _scale_x(threshold),
        threshold="" if threshold is None else f"{threshold:g}",
        chosen_x=_scale_x(chosen / BINS),
    )


def trend(days: Sequence[SavingsRow], annotations: Iterable[Annotation]) -> Trend:
    """Return the days in order, with a numbered flag on each day of an annotation."""
    high = round_up(max((d.saving_nusd for d in days), default=0), least=NUSD_PER_CENT)
    lowest = min((d.saving_nusd for d in days), default=0)
    low = -round_up(-lowest, least=NUSD_PER_CENT) if lowest < 0 else 0
    step = (RIGHT - LEFT) / max(len(days), 1)
    places = {day.label: LEFT + (n + 0.5) * step for n, day in enumerate(days)}
    flags = tuple(_flags(annotations, places))
    amounts = sorted({low, 0, high})
    return Trend(
        description=_trend_in_words(days, flags),
        lines=tuple(_lines(days, places)),
        dots=tuple(
            (round(places[day.label], 1), _share_y(day.accepted_share))
            for day in days
            if day.accepted_share is not None
        ),
        shares=tuple(
            Mark(position=_share_y(share), label=f"{share * 100:.0f} %")
            for share in (0.0, 0.5, 1.0)
        ),
        columns=tuple(_money_columns(days, step, low, high)),
        amounts=tuple(
            Mark(position=_money_y(n, low, high), label=_amount(n)) for n in amounts
        ),
        zero_y=_money_y(0, low, high),
        days=day_marks(days, step),
        flags=flags,
    )


def _histogram_columns(judged: Judged, top: int) -> Iterator[Bar]:
    if judged.vetoed:
        title = f"vetoed: {formats.count(judged.vetoed)}"
        yield _stacked(title, LEFT, VETO_WIDTH, (("vetoed", judged.vetoed),), top)
    width = (RIGHT - SCALE_LEFT) / BINS
    for n, (yes, no) in enumerate(zip(judged.accepted, judged.rejected, strict=True)):
        if yes or no:
            title = (
                f"{n / BINS:.2f} to {(n + 1) / BINS:.2f}: {formats.count(yes)} "
                f"accepted, {formats.count(no)} escalated"
            )
            x = _scale_x(n / BINS)
            yield _stacked(title, x, width - 1, (("yes", yes), ("no", no)), top)


def _stacked(
    title: str, x: float, width: float, parts: Iterable[tuple[str, int]], top: int
) -> Bar:
    segments = []
    floor = float(HISTOGRAM_FLOOR)
    for kind, count in parts:
        if count:
            height = count / top * (HISTOGRAM_FLOOR - HISTOGRAM_TOP)
            height = round(max(height, LEAST_HEIGHT), 1)
            floor = round(floor - height, 1)
            segment = Segment(
                kind=kind, x=x, y=floor, width=round(width, 1), height=height
            )
            segments.append(segment)
    return Bar(title=title, segments=tuple(segments))


def _histogram_in_words(judged: Judged, threshold: float | None) -> str:
    yes, no = sum(judged.accepted), sum(judged.rejected)
    words = (
        f"{formats.count(yes)} judged drafts were accepted and {formats.count(no)} "
        f"escalated by their confidence, {formats.count(judged.vetoed)} were vetoed."
    )
    return words if threshold is None else f"{words} The threshold is {threshold:g}."


def _scale_x(confidence: float) -> float:
    return round(SCALE_LEFT + confidence * (RIGHT - SCALE_LEFT), 1)


def _y(value: float, top: float, ceiling: int, floor: int) -> float:
    return round(floor - value / top * (floor - ceiling), 1)


def _share_y(share: float | None) -> float:
    return _y(share or 0.0, 1.0, SHARE_TOP, SHARE_FLOOR)


def _money_y(nusd: int, low: int, high: int) -> float:
    return _y(nusd - low, high - low, MONEY_TOP, MONEY_FLOOR)


def _lines(days: Sequence[SavingsRow], places: dict[str, float]) -> Iterator[str]:
    """The points of each run of days whose share is known."""
    for known, run in groupby(days, key=lambda day: day.accepted_share is not None):
        if known:
            points = ((places[d.label], _share_y(d.accepted_share)) for d in run)
            yield " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _money_columns(
    days: Sequence[SavingsRow], step: float, low: int, high: int
) -> Iterator[Bar]:
    zero_y = _money_y(0, low, high)
    for n, day in enumerate(days):
        if not day.decisions:
            continue
        y = _money_y(day.saving_nusd, low, high)
        segment = Segment(
            kind="lost" if day.saving_nusd < 0 else "saved",
            x=round(LEFT + n * step + min(step * 0.1, 3), 1),
            y=min(y, zero_y),
            width=round(step - min(step * 0.2, 6), 1),
            height=round(abs(y - zero_y), 1),
        )
        title = (
            f"{day.label}: {formats.percent(day.accepted_share)} of drafts accepted, "
            f"saved {formats.usd(day.saving_nusd)}"
        )
        yield Bar(title=title, segments=(segment,))


def _flags(
    annotations: Iterable[Annotation], places: dict[str, float]
) -> Iterator[Flag]:
    shown = sorted((a for a in annotations if a.day in places), key=lambda a: a.day)
    by_day = groupby(shown, key=lambda a: a.day)
    for number, (day, together) in enumerate(by_day, start=1):
        texts = tuple(annotation.text for annotation in together)
        yield Flag(number=number, x=round(places[day], 1), day=day, texts=texts)


def _trend_in_words(days: Sequence[SavingsRow], flags: Sequence[Flag]) -> str:
    if not days:
        return "No days."
    return (
        f"{days[0].label} to {days[-1].label}: above, the share of drafts accepted "
        f"each day; below, what the day saved. Days on which the rule was changed: "
        f"{len(flags)}. The table below has every figure."
    )


def _amount(nusd: int) -> str:
    """Dollars without the zeros at their end: figures of an axis are round."""
    return formats.usd(nusd).rstrip("0").rstrip(".") if nusd else "$0"
