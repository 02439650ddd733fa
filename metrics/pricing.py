"""Usage x Price -> integer nano-USD: the only price arithmetic in the project."""

from __future__ import annotations

from metrics.types import Price, Usage

TOKENS_PER_PRICE = 1_000_000


def cost_nusd(usage: Usage, price: Price) -> int | None:
    """Return what `usage` costs at `price`, in nano-USD, rounded once, half up.

    None when it holds what `price` does not: searches without a price, or work the
    counts do not tell. The classes are disjoint, so the products are added and nothing
    is subtracted. `price` must be the one for this tariff and the tier for this prompt:
    see `metrics.price_book`.

    Source: Anthropic API reference, `usage` object of a Message.
    """
    searches_nusd = _searches_nusd(usage.web_searches, price.web_search_nusd)
    if usage.unpriced or searches_nusd is None:
        return None
    millionths = (
        usage.input_tokens * price.input_nusd
        + usage.output_tokens * price.output_nusd
        + usage.cache_read_tokens * price.cache_read_nusd
        + usage.cache_write_5m_tokens * price.cache_write_5m_nusd
        + usage.cache_write_1h_tokens * price.cache_write_1h_nusd
    )
    return searches_nusd + (millionths + TOKENS_PER_PRICE // 2) // TOKENS_PER_PRICE


def _searches_nusd(searches: int, price_nusd: int | None) -> int | None:
    """Nothing costs nothing, whether or not its price is known."""
    if not searches:
        return 0
    return None if price_nusd is None else searches * price_nusd
