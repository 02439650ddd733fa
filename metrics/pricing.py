"""Usage x Price -> integer nano-USD: the only price arithmetic in the project."""

from __future__ import annotations

from metrics.types import Price, Usage

TOKENS_PER_PRICE = 1_000_000


def cost_nusd(usage: Usage, price: Price) -> int:
    """Return what `usage` costs at `price`, in nano-USD, rounded once, half up.

    The token classes are disjoint, so the five products are added and nothing is
    subtracted. `price` must be the tier that holds for this prompt: see
    `metrics.price_book`.

    Source: Anthropic API reference, `usage` object of a Message.
    """
    millionths = (
        usage.input_tokens * price.input_nusd
        + usage.output_tokens * price.output_nusd
        + usage.cache_read_tokens * price.cache_read_nusd
        + usage.cache_write_5m_tokens * price.cache_write_5m_nusd
        + usage.cache_write_1h_tokens * price.cache_write_1h_nusd
    )
    return (millionths + TOKENS_PER_PRICE // 2) // TOKENS_PER_PRICE
