"""What a request will likely come to, before anybody knows, and where nobody ever does.

Budgets alone are held to these figures; reports say that a cost is unknown.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil

from metrics import pricing
from metrics.types import CallRecord, Price, Usage

# The highest of twenty: few calls cost more than was set aside for them.
QUANTILE = 0.95
REMEMBERED = 64
# From so many on the past is a better guide than a guess from the request itself.
ENOUGH = 8
MAX_PAIRS = 2048
# Answers are short as a rule, whatever they may be: Claude Code allows 128,000 tokens.
USUAL_OUTPUT_TOKENS = 2_000

PriceOfCall = Callable[[CallRecord], Price | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Likely money and tokens of a request; `nusd` is None without a price."""

    nusd: int | None
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Money by what was heard of some calls; `of_all`: none of them was silent."""

    nusd: int
    of_all: bool


class Experience:
    """Costs and tokens of the last requests of each key for each model.

    In this process's memory: another worker learns for itself within a few requests.
    Safe for threads and greenlets.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[int, str], deque[tuple[int, int]]] = OrderedDict()

    def add(self, key_id: int, model: str, *, nusd: int | None, tokens: int) -> None:
        """Remember what a request came to; one whose cost nobody knows teaches none."""
        if nusd is None:
            return
        with self._lock:
            pair = (key_id, model)
            seen = self._seen.setdefault(pair, deque(maxlen=REMEMBERED))
            self._seen.move_to_end(pair)
            seen.append((nusd, tokens))
            if len(self._seen) > MAX_PAIRS:
                self._seen.popitem(last=False)

    def high(self, key_id: int, model: str) -> Expected | None:
        """Return the high quantile of what was seen; None while that is too little."""
        with self._lock:
            seen = list(self._seen.get((key_id, model), ()))
        if len(seen) < ENOUGH:
            return None
        return Expected(
            nusd=_high(nusd for nusd, _ in seen),
            tokens=_high(tokens for _, tokens in seen),
        )


def guess(
    prompt_tokens: int,
    max_tokens: int | None,
    prices: Iterable[Callable[[Usage], Price | None]],
) -> Expected:
    """Return what a request likely comes to when every model of `prices` is asked.

    Nothing is taken for cached. `nusd` is None when one of them has no price.
    """
    told = max_tokens if max_tokens and max_tokens > 0 else USUAL_OUTPUT_TOKENS
    output = min(told, USUAL_OUTPUT_TOKENS)
    usage = Usage(input_tokens=prompt_tokens, output_tokens=output)
    nusd = 0
    for price_of in prices:
        price = price_of(usage)
        cost = pricing.cost_nusd(usage, price) if price else None
        if cost is None:
            return Expected(nusd=None, tokens=prompt_tokens + output)
        nusd += cost
    return Expected(nusd=nusd, tokens=prompt_tokens + output)


def tokens_of(calls: Iterable[CallRecord]) -> int:
    """Return the tokens of `calls` that count: all but those read from a cache.

    As at Anthropic, whose limits leave cached input out.
    """
    return sum(
        call.usage.prompt_tokens
        - call.usage.cache_read_tokens
        + call.usage.output_tokens
        for call in calls
        if call.usage is not None
    )


def heard_nusd(calls: Iterable[CallRecord], price_of: PriceOfCall) -> Heard:
    """Return what `calls` come to by what was heard of them, where nobody knows it.

    A count that was estimated is taken for told, a tariff without a price for the
    listed one, which `price_of` knows, and work that has no price for free.
    """
    costs = [_heard_nusd(call, price_of) for call in calls]
    known = [cost for cost in costs if cost is not None]
    return Heard(nusd=sum(known), of_all=len(known) == len(costs))


def _heard_nusd(call: CallRecord, price_of: PriceOfCall) -> int | None:
    if call.cost_nusd is not None or call.usage is None:
        return call.cost_nusd
    price = call.price or price_of(call)
    tokens = dataclasses.replace(call.usage, unpriced="", web_searches=0)
    return pricing.cost_nusd(tokens, price) if price else None


def _high(values: Iterable[int]) -> int:
    ordered = sorted(values)
    return ordered[ceil(QUANTILE * len(ordered)) - 1]
