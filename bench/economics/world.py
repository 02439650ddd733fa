"""What a provider would charge: one exact prompt cache for each model."""

from __future__ import annotations

from bench.economics.traffic import Ask
from metrics.caching import MIN_CACHEABLE_TOKENS, TTL_S
from metrics.pricing import cost_nusd
from metrics.stakes import PriceOf
from metrics.types import CallRecord, Role, Usage

# The prefix that all conversations begin with.
SHARED = -1


class Model:
    """A model with its cache: entries end five minutes after their last use."""

    def __init__(self, role: Role, price_of: PriceOf) -> None:
        self._role = role
        self._price_of = price_of
        self._entries: dict[int, tuple[int, float]] = {}

    def ask(self, ask: Ask) -> CallRecord:
        """Return the call, charged as the cache stands, and remember its prompt."""
        usage = self._charged(ask)
        price = self._price_of(usage)
        assert price is not None  # noqa: S101  the shipped file has it
        return CallRecord(
            role=self._role,
            provider="anthropic",
            model=self._role,
            status=200,
            usage=usage,
            price=price,
            cost_nusd=cost_nusd(usage, price),
            duration_ms=0,
        )

    def _charged(self, ask: Ask) -> Usage:
        cacheable = ask.cacheable_tokens
        if cacheable < MIN_CACHEABLE_TOKENS:
            cacheable = 0
        shared = min(ask.shared_tokens, cacheable)
        read = max(
            self._held(ask.prefix, ask.at), min(shared, self._held(SHARED, ask.at))
        )
        read = min(read, cacheable)
        if cacheable:
            until = ask.at + TTL_S
            self._entries[ask.prefix] = (cacheable, until)
            self._entries[SHARED] = (shared, until)
        output = ask.draft_output if self._role == "draft" else ask.verifier_output
        return Usage(
            input_tokens=ask.prompt_tokens - cacheable,
            output_tokens=output,
            cache_read_tokens=read,
            cache_write_5m_tokens=cacheable - read,
        )

    def _held(self, prefix: int, now: float) -> int:
        tokens, until = self._entries.get(prefix, (0, 0.0))
        return tokens if until > now else 0
