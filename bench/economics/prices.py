"""Prices of the shipped file, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from metrics.stakes import PriceOf
from metrics.types import Price, Usage

SHIPPED = Path(__file__).parents[2] / "metrics" / "data" / "prices.json"
CLASSES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


def price_of(model: str) -> PriceOf:
    """Return the listed prices of an Anthropic model by its name in the file.

    Raises LookupError for one that is not in it.
    """
    listed = msgspec.json.decode(SHIPPED.read_bytes())["prices"]
    tiers = sorted(
        ((row["above_prompt_tokens"], _price(row)) for row in _newest(listed, model)),
        key=lambda tier: -tier[0],
    )

    def price(usage: Usage, /) -> Price | None:
        tokens = usage.prompt_tokens
        return next(p for above, p in tiers if above == 0 or tokens > above)

    return price


def _newest(listed: Sequence[dict[str, Any]], model: str) -> list[dict[str, Any]]:
    rows = [
        row
        for row in listed
        if row["provider"] == "anthropic"
        and row["model"].rstrip("*") == model
        and not row.get("tariff")
    ]
    if not rows:
        raise LookupError(f"{SHIPPED} has no price of {model}")
    last = max(row["valid_from"] for row in rows)
    return [row for row in rows if row["valid_from"] == last]


def _price(row: dict[str, Any]) -> Price:
    nusd = {
        f"{name}_nusd": int(Decimal(row[f"{name}_usd"]) * 10**9) for name in CLASSES
    }
    return Price(**nusd)
