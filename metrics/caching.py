"""What prompt caches hold of a conversation. Knows no request and no database.

A cache belongs to one model, so a conversation that changes models has several. Counts
of tokens are in the tokens of the model they are about; moments are seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from metrics.types import Usage

# Source: Anthropic documentation, "Prompt caching": the shortest prompt that is cached,
# and how long it is kept after its last use.
MIN_CACHEABLE_TOKENS = 1_024
TTL_S = 300.0
LONG_TTL_S = 3600.0
# Less of a living cache was read than this: the prompt does not begin as it did.
SAME_PREFIX_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """What a model's cache held of a conversation when it was last asked, `at`.

    `tokens` of its `prompt_tokens` were cached. `estimated_tokens` is what the prompt's
    length was estimated at before it was asked: it tells how far estimates are off.
    `gap_s` is how long before that the conversation had its turn before; None without.
    """

    tokens: int
    at: float
    ttl_s: float
    prompt_tokens: int
    estimated_tokens: int
    gap_s: float | None = None

    def held(self, now: float) -> int:
        """Return how many tokens are still cached at `now`; 0 after their time."""
        return self.tokens if 0 <= now - self.at < self.ttl_s else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caches:
    """What is remembered of one conversation's caches, at `now`.

    `alone` is what the verifier's cache would hold had it answered every turn, the
    measure of what the cascade does to it.
    """

    now: float = 0.0
    draft: Cached | None = None
    verifier: Cached | None = None
    alone: Cached | None = None

    def held(self, cached: Cached | None) -> int:
        """Return how many tokens of `cached` are still there; 0 without any."""
        return 0 if cached is None else cached.held(self.now)

    @property
    def gap_s(self) -> float | None:
        """How long ago the turn before was, in seconds; None when this is the first."""
        return None if self.alone is None else max(1.0, self.now - self.alone.at)


NOTHING_CACHED = Caches()


def cacheable_tokens(usage: Usage) -> int:
    """Return how much of the prompt lay before its last cache mark: read or written."""
    return (
        usage.cache_read_tokens
        + usage.cache_write_5m_tokens
        + usage.cache_write_1h_tokens
    )


def charged(
    prompt_tokens: int,
    *,
    cacheable: int,
    held: int,
    output_tokens: int,
    long_tokens: int = 0,
) -> Usage:
    """Return how a prompt is counted by a model whose cache holds `held` tokens of it.

    Of the `cacheable` tokens those that are held are read and the rest is written, the
    first `long_tokens` of them for an hour. Shorter prompts than can be cached are not.
    """
    cacheable = min(cacheable, prompt_tokens)
    if cacheable < MIN_CACHEABLE_TOKENS:
        cacheable = 0
    read = min(held, cacheable)
    long_end = min(long_tokens, cacheable)
    return Usage(
        input_tokens=prompt_tokens - cacheable,
        output_tokens=output_tokens,
        cache_read_tokens=read,
        cache_write_1h_tokens=max(0, long_end - read),
        cache_write_5m_tokens=cacheable - max(read, long_end),
    )


def warmed(usage: Usage, held: int) -> Usage:
    """Return `usage` as it would have been counted had `held` tokens been cached.

    What was written anew is read instead, as far as it would have been there.
    """
    again = max(0, min(held, cacheable_tokens(usage)) - usage.cache_read_tokens)
    from_long = min(again, usage.cache_write_1h_tokens)
    return replace(
        usage,
        cache_read_tokens=usage.cache_read_tokens + again,
        cache_write_1h_tokens=usage.cache_write_1h_tokens - from_long,
        cache_write_5m_tokens=usage.cache_write_5m_tokens - (again - from_long),
    )


def is_other_prompt(cached: Cached | None, usage: Usage, now: float) -> bool:
    """Whether a call found much less in a living cache than it should hold.

    Then the conversation was compacted or edited, and no cache of it is of use.
    """
    if cached is None:
        return False
    expected = min(cached.held(now), cacheable_tokens(usage))
    return usage.cache_read_tokens < expected * SAME_PREFIX_SHARE
