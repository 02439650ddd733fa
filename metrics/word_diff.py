"""Which words two texts share, and which only one has. Bounded in time and size.

Lines are matched first, then the words between them. What would take too long is called
different: the pieces of either side always join back to its text.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# A word with the space after it: spaces alone would all match one another. Scripts
# without spaces go by the character.
_ALONE = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_ALONE}]\s*|[^\W{_ALONE}]+\s*|[^\w\s]\s*|\s+")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
# Comparisons of one token with another: a million take about a quarter of a second.
MAX_STEPS = 1_000_000
MAX_STEPS_AT_ONCE = 200_000
MAX_EXACT_STEPS = 100_000
MAX_STEPS_IN_A_ROW = 20_000
MAX_CHARS = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of text; `shared` when the other side has it too, in the same order."""

    text: str
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both texts in pieces. `whole` is False where no more time was spent.

    `shared_share` is the part of their characters that they share, from 0 to 1.
    """

    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    whole: bool
    shared_share: float

    @property
    def same(self) -> bool:
        """Whether they are the same to the letter."""
        return all(piece.shared for piece in (*self.left, *self.right))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The same tokens at two places, or the tokens between two such runs."""

    left: range
    right: range
    shared: bool


class _Budget:
    """Steps that are left; others of this process get a turn now and then."""

    def __init__(self) -> None:
        self.left = MAX_STEPS
        self.whole = True
        self._in_a_row = 0

    def spend(self, steps: int) -> bool:
        if steps > min(self.left, MAX_STEPS_AT_ONCE):
            self.whole = False
            return False
        self.left -= steps
        self._in_a_row += steps
        if self._in_a_row > MAX_STEPS_IN_A_ROW:
            self._in_a_row = 0
            time.sleep(0)
        return True


def compare(left: str, right: str) -> Comparison:
    """Return what the two share, word by word. Cost: half a second at the most."""
    budget = _Budget()
    sides: tuple[list[Piece], list[Piece]] = ([], [])
    if len(left) + len(right) > MAX_CHARS and left != right:
        budget.whole = False
        sides[0].append(Piece(text=left, shared=False))
        sides[1].append(Piece(text=right, shared=False))
    else:
        for one, other, shared in _by_words(left, right, budget):
            sides[0].append(Piece(text=one, shared=shared))
            sides[1].append(Piece(text=other, shared=shared))
    return Comparison(
        left=_joined(sides[0]),
        right=_joined(sides[1]),
        whole=budget.whole,
        shared_share=_shared_share(left, right, sides[0]),
    )


def _by_words(
    left: str, right: str, budget: _Budget
) -> Iterator[tuple[str, str, bool]]:
    """Yield text of either side and whether it is shared, in order."""
    lines = (_LINE.findall(left), _LINE.findall(right))
    for run in _runs(*lines, budget):
        texts = (_text(lines[0], run.left), _text(lines[1], run.right))
        if run.shared or not all(texts):
            yield *texts, run.shared
            continue
        words = (_WORD.findall(texts[0]), _WORD.findall(texts[1]))
        for inner in _runs(*words, budget):
            one, other = _text(words[0], inner.left), _text(words[1], inner.right)
            yield one, other, inner.shared


def _runs(left: Sequence[str], right: Sequence[str], budget: _Budget) -> list[_Run]:
    """Runs in order, that together hold every token of either side once.

    Where frequent tokens would cost too much they match beside others only.
    """
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    costs = _costs(matcher, left)
    if costs[-1] > MAX_EXACT_STEPS:
        matcher = SequenceMatcher(None, left, right, autojunk=True)
        costs = _costs(matcher, left)
    found: list[_Run] = []
    waiting = [(0, len(left), 0, len(right))]
    while waiting:
        start, end, other_start, other_end = waiting.pop()
        if start == end or other_start == other_end:
            continue
        if not budget.spend(costs[end] - costs[start]):
            continue
        match = matcher.find_longest_match(start, end, other_start, other_end)
        if match.size:
            after, other_after = match.a + match.size, match.b + match.size
            found.append(
                _Run(
                    left=range(match.a, after),
                    right=range(match.b, other_after),
                    shared=True,
                )
            )
            waiting.append((start, match.a, other_start, match.b))
            waiting.append((after, end, other_after, other_end))
    found.sort(key=lambda run: run.left.start)
    return list(_with_gaps(found, len(left), len(right)))


def _with_gaps(found: list[_Run], end: int, other_end: int) -> Iterator[_Run]:
    at = other_at = 0
    last = _Run(left=range(end, end), right=range(other_end, other_end), shared=True)
    for run in [*found, last]:
        if at < run.left.start or other_at < run.right.start:
            yield _Run(
                left=range(at, run.left.start),
                right=range(other_at, run.right.start),
                shared=False,
            )
        if run.left:
            yield run
        at, other_at = run.left.stop, run.right.stop


def _costs(matcher: SequenceMatcher[str], left: Sequence[str]) -> list[int]:
    """For each place on the left, the steps of a search up to there."""
    places: dict[str, list[int]] = matcher.b2j  # type: ignore[attr-defined]
    costs = [0]
    for token in left:
        costs.append(costs[-1] + 1 + len(places.get(token, ())))
    return costs


def _text(tokens: Sequence[str], places: range) -> str:
    return "".join(tokens[places.start : places.stop])


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Neighbours of a kind made one; empty ones left out."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].shared == piece.shared:
            joined[-1] = Piece(text=joined[-1].text + piece.text, shared=piece.shared)
        elif piece.text:
            joined.append(piece)
    return tuple(joined)


def _shared_share(left: str, right: str, of_left: list[Piece]) -> float:
    shared = sum(len(piece.text) for piece in of_left if piece.shared)
    return 2 * shared / (len(left) + len(right)) if left or right else 1.0
