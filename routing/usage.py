"""What a provider reports it will bill -> our classes, tariff and what is not priced.

Nothing is guessed: work that is billed but not counted, or counted elsewhere, is named
in `unpriced`, and its cost is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from metrics.types import Usage

# More than any model reads or writes; sums of what is believed stay within 64 bits.
_TOO_MANY_TOKENS = 10**8
_TARIFF_KEYS = ("service_tier", "speed", "inference_geo")
# What providers call the price they list: Anthropic, OpenAI, Groq.
_LISTED = (None, "standard", "default", "on_demand", "global", "not_available", "")
_WORD = re.compile(r"[a-z0-9_]{1,20}")
_ODD = "odd"
_SEARCHES = "web_search_requests"
# Anthropic bills fetched pages as input tokens only.
_FREE_TOOLS = ("web_fetch_requests",)


def usage_of(usage: Any) -> Usage | None:
    """Return what a message's `usage` is billed for; None when it tells no tokens.

    null counts as 0, anything else that is no count of tokens as not told. Cache writes
    whose lifetime is not told are counted as 5-minute writes, the API's default.
    """
    if not isinstance(usage, Mapping):
        return None
    split, tools = _object(usage, "cache_creation"), _object(usage, "server_tool_use")
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
    return Usage(
        **told,
        web_searches=_tokens(tools, _SEARCHES) or 0,
        tariff=_tariff(usage),
        unpriced=_other_work(usage) or _unknown_tool(tools),
    )


def with_tier(usage: Mapping[str, Any], tier: Any) -> dict[str, Any]:
    """Return a message's `usage` with the tier that an answer of OpenAI's shape tells.

    One that costs the listed price is left out: the Messages API has other names.
    Source: OpenAI API reference, `service_tier`; vLLM repeats `auto`.
    """
    listed = not tier or tier in _LISTED or tier == "auto"
    return {**usage} if listed else {**usage, "service_tier": tier}


def _tariff(usage: Mapping[str, Any]) -> str:
    """The words for what was not done at the listed price, joined by +; "" if none."""
    told = [usage.get(key) for key in _TARIFF_KEYS]
    return "+".join([_word(word) for word in told if word not in _LISTED])


def _other_work(usage: Mapping[str, Any]) -> str:
    """What was billed beside the counts; "" when nothing was.

    The top-level counts are the total of the `message` iterations. Compaction, an
    advisor and another model that answered are billed beside them or at its own price;
    a redeemed credit changes the price of all.

    Source: anthropic 2.12.0, `BetaUsage.iterations`, `BetaFallbackCreditRedeemed`.
    """
    rounds = usage.get("iterations")
    kinds = [_kind(each) for each in rounds] if isinstance(rounds, list) else []
    if others := [kind for kind in kinds if kind != "message"]:
        return others[0]
    if _object(usage, "fallback_credit").get("type") == "redeemed":
        return "fallback_credit"
    # Written by `routing.translating` where a server counted nothing.
    return "estimated" if usage.get("estimated") is True else ""


def _unknown_tool(tools: Mapping[str, Any]) -> str:
    """A tool that was used and has no price, or no count; "" when there is none."""
    for name, count in tools.items():
        free = not count or name in _FREE_TOOLS
        if not free and (name != _SEARCHES or _tokens(tools, name) is None):
            return _word(name)
    return ""


def _kind(iteration: Any) -> str:
    return _word(iteration.get("type")) if isinstance(iteration, Mapping) else _ODD


def _word(value: Any) -> str:
    """A provider's word as it goes into the account: short, and of plain letters."""
    text = value if isinstance(value, str) else ""
    return text if _WORD.fullmatch(text) else _ODD


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, Mapping) else {}


def _tokens(counts: Mapping[str, Any], name: str) -> int | None:
    count = counts.get(name, False)
    if count is None:
        return 0
    if not isinstance(count, int) or isinstance(count, bool):
        return None
    return count if 0 <= count < _TOO_MANY_TOKENS else None
