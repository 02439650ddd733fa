"""A provider's prompt cache in small: what a prompt reads from it and writes to it.

Entries belong to a model and an API key, live 5 minutes or 1 hour from their last use,
and begin at 1,024 tokens, as with the real one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from metrics.types import Usage
from routing.simulator.values import CacheTtl, PromptBlock, tokens

MIN_TOKENS = 1024
MAX_ENTRIES = 20_000
_TTL_S: dict[CacheTtl, float] = {"5m": 300.0, "1h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prefix:
    """A prompt up to the end of one block."""

    key: tuple[str, str, bytes]
    size_tokens: int
    ttl: CacheTtl | None


class PromptCache:
    """Remembers marked prefixes. `clock` returns seconds that only grow."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._expiries: OrderedDict[tuple[str, str, bytes], float] = OrderedDict()

    def charge(self, model: str, api_key: str, blocks: Sequence[PromptBlock]) -> Usage:
        """Return how the prompt is counted, and remember its marked prefixes.

        The longest known prefix is read, wherever its mark was then; what follows up
        to the last mark is written, for 1 hour as far as a mark says so.
        """
        total = tokens(sum(block.chars for block in blocks))
        prefixes = _prefixes(model, api_key, blocks)
        if not prefixes:
            return Usage(input_tokens=total)
        read = self._known_tokens(prefixes)
        long_end = max((p.size_tokens for p in prefixes if p.ttl == "1h"), default=0)
        end = prefixes[-1].size_tokens
        self._remember(prefixes)
        return Usage(
            input_tokens=total - end,
            cache_read_tokens=read,
            cache_write_1h_tokens=max(0, long_end - read),
            cache_write_5m_tokens=end - max(read, long_end),
        )

    def _known_tokens(self, prefixes: Sequence[_Prefix]) -> int:
        now = self._clock()
        for prefix in reversed(prefixes):
            if self._expiries.get(prefix.key, 0.0) > now:
                return prefix.size_tokens
        return 0

    def _remember(self, prefixes: Sequence[_Prefix]) -> None:
        now = self._clock()
        for prefix in prefixes:
            if prefix.ttl is not None:
                self._expiries[prefix.key] = now + _TTL_S[prefix.ttl]
                self._expiries.move_to_end(prefix.key)
        while len(self._expiries) > MAX_ENTRIES:
            self._expiries.popitem(last=False)


def _prefixes(model: str, api_key: str, blocks: Sequence[PromptBlock]) -> list[_Prefix]:
    """Return the prefixes long enough to cache, the last one being the last marked."""
    last_mark = max((i for i, b in enumerate(blocks) if b.ttl is not None), default=-1)
    digest = blake2b(digest_size=16)
    chars = 0
    out = []
    for block in blocks[: last_mark + 1]:
        digest.update(len(block.content).to_bytes(8, "big") + block.content)
        chars += block.chars
        if tokens(chars) >= MIN_TOKENS:
            key = model, api_key, digest.digest()
            out.append(_Prefix(key=key, size_tokens=tokens(chars), ttl=block.ttl))
    return out
