"""`python -m bench.loop --dev DIR`: whether the product learns from what it sees.

Replays recorded answers through the whole stack: two workers, journal, keeper, rules
that learn. Nothing is sent anywhere but to an upstream on this machine.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench.loop.pairs import load
from bench.loop.story import Story
from bench.loop.town import town


def main() -> int:
    """Print what was seen; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.loop", description=__doc__)
    parser.add_argument("--dev", type=Path, required=True, help="recorded pairs")
    parser.add_argument(
        "--rows", type=int, default=20, help="requests of a traffic in a day"
    )
    options = parser.parse_args()
    pairs = load(options.dev, at_most=10 * options.rows)
    if not pairs:
        _say("No rows: give a folder with *.jsonl files.")
        return 1
    began = time.monotonic()
    _say(f"`python -m bench.loop {' '.join(sys.argv[1:])}`: {len(pairs)} questions\n")
    with town() as place:
        story = Story(place, pairs, each_day=options.rows, say=_say)
        for title, live in (
            ("Nine days of good drafts and poor ones", story.nine_days),
            ("Two workers", story.two_workers),
            ("Day ten: a model degrades", story.day_ten),
            ("A restart", story.a_restart),
        ):
            _say(f"\n## {title}\n")
            live()
    _say(f"\nAll of it held, in {time.monotonic() - began:.0f} s.")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201
