"""The token counts a provider reports -> our token classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metrics.types import Usage

# More than any model reads or writes; sums of what is believed stay within 64 bits.
_TOO_MANY_TOKENS = 10**8


def usage_of(usage: Any) -> Usage | None:
    """Return the token classes of a message's `usage`; None when it tells none.

    null counts as 0, anything else that is no count of tokens as not told. Cache writes
    whose lifetime is not told are counted as 5-minute writes, the API's default.
    """
    if not isinstance(usage, Mapping):
        return None
    split = usage.get("cache_creation")
    split = split if isinstance(split, Mapping) else {}
    counts = {
        "input_tokens": _tokens(usage, "input_tokens"),
        "output_tokens": _tokens(usage, "output_tokens"),
        "cache_read_tokens": _tokens(usage, "cache_read_input_tokens"),
        "cache_write_5m_tokens": _tokens(split, "ephemeral_5m_input_tokens"),
        "cache_write_1h_tokens": _tokens(split, "ephemeral_1h_input_tokens"),
    }
    written = _tokens(usage, "cache_creation_input_tokens")
    if written is None and all(count is None for count in counts.values()):
        return None
    told = {name: count or 0 for name, count in counts.items()}
    unsplit = (written or 0) - told["cache_write_1h_tokens"]
    told["cache_write_5m_tokens"] = max(told["cache_write_5m_tokens"], unsplit)
    return Usage(**told)


def _tokens(counts: Mapping[str, Any], name: str) -> int | None:
    count = counts.get(name, False)
    if count is None:
        return 0
    if not isinstance(count, int) or isinstance(count, bool):
        return None
    return count if 0 <= count < _TOO_MANY_TOKENS else None
