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
from metrics.price_book import LISTED, SHIPPED

SNAPSHOT_PATH = Path(__file__).parent / "data" / "prices.json"
SINCE_EVER = date(2020, 1, 1)
KEY = ("provider", "model", "tariff", "valid_from", "above_prompt_tokens")


class SnapshotPrice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One price of the file, in US dollars per million tokens and 1,000 searches."""

    provider: str
    model: str
    tariff: str = LISTED
    valid_from: date
    above_prompt_tokens: int
    input_usd: Decimal
    output_usd: Decimal
    cache_read_usd: Decimal
    cache_write_5m_usd: Decimal
    cache_write_1h_usd: Decimal
    web_search_usd: Decimal | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The file: where the prices were read, when, and the prices in order."""

    source: str
    taken_on: date
    prices: list[SnapshotPrice]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPrices:
    """What loading the file did. `left` counts prices an operator replaced."""

    added: int
    present: int
    left: int


def read(path: Path = SNAPSHOT_PATH) -> Snapshot:
    """Return the shipped prices. Raises OSError or msgspec.MsgspecError."""
    return msgspec.json.decode(path.read_bytes(), type=Snapshot)


def load(snapshot: Snapshot) -> LoadedPrices:
    """Insert what is missing and say what was done; no row that exists is changed.

    What an operator priced for a provider (a model, or a tariff of it) gets nothing
    from the file, so that a newer shipped price cannot push aside a contract. One
    query, and one for each new price: those who hold prices in memory learn of each by
    its signal.
    """
    rows = ModelPrice.objects.values_list(*KEY, "source")
    present = {row[:-1] for row in rows}
    operated = {row[:3] for row in rows if not row[-1].startswith(SHIPPED)}
    ours = [price for price in snapshot.prices if key_of(price)[:3] not in operated]
    missing = [price for price in ours if key_of(price) not in present]
    source = f"{snapshot.source}, {snapshot.taken_on}"
    with transaction.atomic():
        for price in missing:
            ModelPrice.objects.create(**msgspec.structs.asdict(price), source=source)
    return LoadedPrices(
        added=len(missing),
        present=len(ours) - len(missing),
        left=len(snapshot.prices) - len(ours),
    )


def key_of(price: SnapshotPrice) -> tuple[str, str, str, date, int]:
    """Return what there is one price for, in the order of the file."""
    return (
        price.provider,
        price.model,
        price.tariff,
        price.valid_from,
        price.above_prompt_tokens,
    )
