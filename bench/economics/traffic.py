"""A scripted month of agents at work: what is asked, when, and how it would end.

The script is drawn once from a seed and is the same whoever answers, so policies differ
in money alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

DAY_S = 24 * 3600.0
WORKDAY_S = 8 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What the month is like. Times are medians of log-normal draws.

    A conversation begins with `first_tokens` (a range), of which `shared_tokens`, the
    system prompt and the tools, are the same for all; it grows with every step and is
    compacted at `most_tokens`. `cached_share` lies before the last cache mark. `steps`
    is the mean length of a tool loop, `turns` that of a conversation. `output_tokens`
    is the draft's median, of which the verifier writes `output_ratio` times as much,
    give or take `output_spread` (sigma of the logarithm). `acceptance` is drawn for
    each draft. Estimates of a prompt's length are off by `misjudged` at most.
    """

    days: int = 22
    conversations_a_day: int = 12
    turns: float = 8.0
    steps: float = 8.0
    step_s: float = 18.0
    idle_s: float = 150.0
    first_tokens: tuple[int, int] = (40_000, 110_000)
    most_tokens: int = 150_000
    shared_tokens: int = 18_000
    growth_tokens: int = 900
    cached_share: float = 1.0
    output_tokens: int = 350
    output_ratio: float = 1.2
    output_spread: float = 0.35
    acceptance: float = 0.5
    misjudged: float = 0.3
    seed: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request. `prefix` names what its cache entry begins with.

    `opens_turn`: the user speaks, so either model may take the loop that follows.
    """

    at: float
    conversation: int
    prefix: int
    prompt_tokens: int
    cacheable_tokens: int
    shared_tokens: int
    estimated_tokens: int
    draft_output: int
    verifier_output: int
    accepted: bool
    opens_turn: bool


def month(parameters: Parameters) -> list[Ask]:
    """Return all requests of the month in order of time."""
    dice = random.Random(parameters.seed)  # noqa: S311  a script, not a secret
    asks: list[Ask] = []
    number = 0
    for day in range(parameters.days):
        for _ in range(parameters.conversations_a_day):
            start = day * DAY_S + dice.uniform(0, WORKDAY_S)
            asks.extend(_conversation(parameters, dice, number, start))
            number += 1
    return sorted(asks, key=lambda ask: ask.at)


def _conversation(
    p: Parameters, dice: random.Random, number: int, start: float
) -> Iterator[Ask]:
    first = dice.randint(*p.first_tokens)
    prompt, at, prefix = first, start, number * 1000
    bias = dice.uniform(1 - p.misjudged, 1 + p.misjudged)
    for _ in range(_geometric(dice, p.turns)):
        for step in range(_geometric(dice, p.steps)):
            if prompt > p.most_tokens:
                prompt, prefix = first, prefix + 1
            yield _ask(p, dice, at, (number, prefix, prompt, bias), opens=step == 0)
            prompt += round(p.growth_tokens * dice.lognormvariate(0, 0.8))
            at += p.step_s * dice.lognormvariate(0, 0.6)
        at += p.idle_s * dice.lognormvariate(0, 1.0)


def _ask(
    p: Parameters,
    dice: random.Random,
    at: float,
    about: tuple[int, int, int, float],
    *,
    opens: bool,
) -> Ask:
    number, prefix, prompt, bias = about
    output = p.output_tokens * dice.lognormvariate(0, 0.8)
    spread = dice.lognormvariate(0, p.output_spread)
    return Ask(
        at=at,
        conversation=number,
        prefix=prefix,
        prompt_tokens=prompt,
        cacheable_tokens=round(prompt * p.cached_share),
        shared_tokens=p.shared_tokens if p.cached_share else 0,
        estimated_tokens=round(prompt * bias),
        draft_output=max(1, round(output)),
        verifier_output=max(1, round(output * p.output_ratio * spread)),
        accepted=dice.random() < p.acceptance,
        opens_turn=opens,
    )


def _geometric(dice: random.Random, mean: float) -> int:
    count = 1
    while dice.random() > 1 / mean:
        count += 1
    return count
