"""Geometry of a decision's calls in time and of its confidence on a scale.

The templates draw it; units are those of the view box. Only the length of a call is
recorded, not its start, so calls stand one after the other in the order they were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metrics import formats
from metrics.types import CallRecord

WIDTH, ROW_HEIGHT, BAR_HEIGHT = 800, 58, 20
TOP, LABEL_HEIGHT, BOTTOM = 8, 28, 40
MIN_BAR_WIDTH = 3
LONGEST_LABEL = 44
TICKS = 4
COLOURS = {
    "draft": "draft",
    "verifier": "verifier",
    "spare": "verifier",
    "fallback": "fallback",
}
SCALE_WIDTH, SCALE_MARGIN = 320, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One call. `kind` is its colour; `failed` when no 200 came."""

    kind: str
    failed: bool
    label: str
    title: str
    x: float
    y: int
    width: float
    label_y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A moment on the axis. `anchor` keeps its label within the picture."""

    x: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All that a template needs to draw the calls, and to say them in words.

    `first_byte` is None when no byte went out.
    """

    description: str
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    first_byte: Tick | None
    height: int
    width: int = WIDTH
    bar_height: int = BAR_HEIGHT

    @property
    def floor(self) -> int:
        """Where the axis lies."""
        return self.height - BOTTOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Confidence and threshold between 0 and 1, as places on a line."""

    description: str
    confidence: str
    threshold: str
    confidence_x: float
    threshold_x: float
    confidence_anchor: str
    threshold_anchor: str
    enough: bool
    left: int = SCALE_MARGIN
    right: int = SCALE_WIDTH - SCALE_MARGIN
    width: int = SCALE_WIDTH

    @property
    def below_width(self) -> float:
        """The length of what escalates."""
        return round(self.threshold_x - self.left, 1)

    @property
    def above_width(self) -> float:
        """The length of what is accepted."""
        return round(self.right - self.threshold_x, 1)


def timeline(
    calls: Sequence[CallRecord], *, total_ms: int, first_byte_ms: int | None
) -> Timeline:
    """Return a bar for each call on an axis of milliseconds since the request came."""
    starts = _starts(calls)
    end_ms = max(total_ms, first_byte_ms or 0, starts[-1], 1)
    return Timeline(
        description=_description(calls, total_ms, first_byte_ms),
        bars=tuple(
            _bar(call, n, start_ms, end_ms)
            for n, (call, start_ms) in enumerate(zip(calls, starts, strict=False))
        ),
        ticks=tuple(_tick(end_ms * n / TICKS, end_ms) for n in range(TICKS + 1)),
        first_byte=None if first_byte_ms is None else _tick(first_byte_ms, end_ms),
        height=TOP + len(calls) * ROW_HEIGHT + BOTTOM,
    )


def scale(*, confidence: float, threshold: float) -> Scale:
    """Return where confidence and threshold lie; beyond 0 and 1 is at the end."""
    enough = confidence >= threshold
    return Scale(
        description=f"Confidence {confidence:.2f} is "
        f"{'at or above' if enough else 'below'} the threshold {threshold:.2f}.",
        confidence=f"{confidence:.2f}",
        threshold=f"{threshold:.2f}",
        confidence_x=_scale_x(confidence),
        threshold_x=_scale_x(threshold),
        confidence_anchor=_anchor(confidence, edge=0.2),
        threshold_anchor=_anchor(threshold, edge=0.2),
        enough=enough,
    )


def role_in_words(call: CallRecord) -> str:
    """Return the role as people write it: second opinion, spare verifier."""
    return "spare verifier" if call.role == "spare" else call.role.replace("_", " ")


def _starts(calls: Sequence[CallRecord]) -> list[int]:
    """The start of each call, and the end of the last."""
    starts = [0]
    for call in calls:
        starts.append(starts[-1] + max(call.duration_ms, 0))
    return starts


def _bar(call: CallRecord, row: int, start_ms: int, end_ms: int) -> Bar:
    width = max(WIDTH * call.duration_ms / end_ms, MIN_BAR_WIDTH)
    top = TOP + row * ROW_HEIGHT
    return Bar(
        kind=COLOURS.get(call.role, "check"),
        failed=call.status != 200 and call.role != "spare",
        label=_label(call),
        title=_words(call),
        x=round(min(WIDTH * start_ms / end_ms, WIDTH - width), 1),
        y=top + LABEL_HEIGHT,
        width=round(width, 1),
        label_y=top + LABEL_HEIGHT - 7,
    )


def _label(call: CallRecord) -> str:
    model = call.model
    if len(model) > LONGEST_LABEL:
        model = f"{model[: LONGEST_LABEL - 1]}…"
    failed = "" if call.status == 200 else f", {_status(call)}"
    duration = formats.milliseconds(call.duration_ms)
    return f"{role_in_words(call)}: {model}, {duration}{failed}"


def _words(call: CallRecord) -> str:
    return (
        f"{role_in_words(call)}: {call.model} at {call.provider}, {_status(call)}, "
        f"{formats.milliseconds(call.duration_ms)}"
    )


def _status(call: CallRecord) -> str:
    if call.role == "spare":
        return "not waited for"
    return "no status" if call.status is None else f"status {call.status}"


def _description(
    calls: Sequence[CallRecord], total_ms: int, first_byte_ms: int | None
) -> str:
    parts = [*map(_words, calls)] or ["No call was made"]
    if first_byte_ms is not None:
        parts.append(f"first byte after {formats.milliseconds(first_byte_ms)}")
    parts.append(f"in all {formats.milliseconds(total_ms)}")
    return "; ".join(parts) + "."


def _tick(moment_ms: float, end_ms: int) -> Tick:
    share = moment_ms / end_ms
    return Tick(
        x=round(WIDTH * share, 1),
        label=formats.milliseconds(moment_ms),
        anchor=_anchor(share),
    )


def _anchor(share: float, *, edge: float = 0.1) -> str:
    """Which side of its place a label may stand on without leaving the picture."""
    if share < edge:
        return "start"
    return "end" if share > 1 - edge else "middle"


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def _scale_x(share: float) -> float:
    length = SCALE_WIDTH - 2 * SCALE_MARGIN
    return round(SCALE_MARGIN + length * _within(share), 1)
