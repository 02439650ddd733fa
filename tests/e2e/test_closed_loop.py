"""The product learns from what it sees: recorded answers through a whole stack."""

from __future__ import annotations

from bench.loop.pairs import Pair
from bench.loop.story import Story
from bench.loop.town import town

QUESTIONS = 200
USAGE = {"input_tokens": 200, "output_tokens": 40}


def said(number: int) -> dict[str, object]:
    return {
        "content": [{"type": "text", "text": f"The answer is {number}."}],
        "stop_reason": "end_turn",
        "usage": USAGE,
    }


def made_up(number: int) -> Pair:
    """A sum; of ten drafts three are wrong."""
    asked = f"What is {number} + {2 * number}?"
    as_good = number % 10 >= 3
    return Pair(
        messages=[{"role": "user", "content": asked}],
        tools=None,
        answers={
            "draft": said(3 * number if as_good else 3 * number + 7),
            "second": said(3 * number),
            "verifier": said(3 * number),
        },
        as_good=as_good,
    )


def test_a_whole_stack_learns_whom_to_trust_and_forgets_nothing() -> None:
    seen: list[str] = []
    pairs = [made_up(number) for number in range(1, QUESTIONS + 1)]
    with town() as place:
        story = Story(place, pairs, each_day=20, say=seen.append)
        shares = story.nine_days()
        assert shares["good"] - shares["poor"] > 0.7
        assert len(story.two_workers()) == 2
        assert story.a_restart() > 100
