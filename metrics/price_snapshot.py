"""The prices we ship: a dated file, and how it gets into the database.

The file is written by `manage.py sync_prices`. Its first days are those the source
states; a price without one holds since `SINCE_EVER`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
from django.db import transaction

from metrics.models import ModelPrice

SNAPSHOT_PATH = Path(__file__).parent / "data" / "prices.json"
SHIPPED = "genai-prices"
SINCE_EVER = date(2020, 1, 1)


class SnapshotPrice(msgspec.Struct, frozen=True, kw_only=True):
    """One price of the file, in US dollars per million tokens."""

    provider: str
    model: str
    valid_from: date
    above_prompt_tokens: int
    input_usd: Decimal
    output_usd: Decimal
    cache_read_usd: Decimal
    cache_write_5m_usd: Decimal
    cache_write_1h_usd: Decimal


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The file: where the prices were read, when, and the prices in order."""

    source: str
    taken_on: date
    prices: list[SnapshotPrice]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPrices:
    """What loading the file did. `left` counts prices of models an operator priced."""

    added: int
    present: int
    left: int


def read(path: Path = SNAPSHOT_PATH) -> Snapshot:
    """Return the shipped prices. Raises OSError or msgspec.MsgspecError."""
    return msgspec.json.decode(path.read_bytes(), type=Snapshot)


def load(snapshot: Snapshot) -> LoadedPrices:
    """Insert what is missing and say what was done; no row that exists is changed.

    A model that an operator priced for a provider gets nothing from the file, so that
    a newer shipped price cannot push aside a contract. One query, and one for each new
    price: those who hold prices in memory learn of each by its signal.
    """
    rows = ModelPrice.objects.values_list(
        "provider", "model", "valid_from", "above_prompt_tokens", "source"
    )
    present = {row[:4] for row in rows}
    operated = {row[:2] for row in rows if not row[4].startswith(SHIPPED)}
    ours = [p for p in snapshot.prices if (p.provider, p.model) not in operated]
    missing = [p for p in ours if _key(p) not in present]
    source = f"{snapshot.source}, {snapshot.taken_on}"
    with transaction.atomic():
        for price in missing:
            ModelPrice.objects.create(**msgspec.structs.asdict(price), source=source)
    return LoadedPrices(
        added=len(missing),
        present=len(ours) - len(missing),
        left=len(snapshot.prices) - len(ours),
    )


def _key(price: SnapshotPrice) -> tuple[str, str, date, int]:
    return (
        price.provider,
        price.model,
        price.valid_from,
        price.above_prompt_tokens,
    )
