"""What a line of an export holds. Names and units are those of docs/reports.md."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from metrics import rows
from metrics.formats import NUSD_PER_USD
from metrics.types import CallRecord, SavingsRow, Usage

MONEY = ("cost", "baseline", "saving", "estimate")
TOKENS = tuple(f.name for f in dataclasses.fields(Usage) if f.name.endswith("_tokens"))
COLUMNS = (
    "started_at",
    "calls",
    *(f"{name}_nusd" for name in MONEY),
    "decision_id",
    "key_name",
    "key_prefix",
    "tag",
    "rule",
    "requested_model",
    "served_model",
    "draft_model",
    "verifier_model",
    "outcome",
    "reason",
    "confidence",
    "threshold",
    "baseline_basis",
    "status",
    "stream",
    "aborted",
    "simulated",
    "repeat",
    "endpoint",
    "total_ms",
    "first_byte_ms",
    "draft_ms",
    "verifier_ms",
    "overhead_us",
)
# Those before it are written otherwise than they are stored.
FIRST_COPIED = COLUMNS.index("decision_id")
COMMON_NAMES = (
    "started_at",
    *(f"{name}_nusd" for name in MONEY),
    *(f"{name}_usd" for name in MONEY),
    *COLUMNS[FIRST_COPIED:],
)
SUMS = tuple(f.name for f in dataclasses.fields(SavingsRow) if f.name != "label")
SUM_NAMES = (
    *SUMS,
    "turns",
    "saving_nusd",
    "cost_usd",
    "baseline_usd",
    "saving_usd",
    "saving_share",
    "accepted_share",
)

Row = tuple[Any, ...]
# Decimals as numbers, every digit of them.
to_json = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A kind of line: what it reads, their names, and how it is made."""

    names: tuple[str, ...]
    row_of: Callable[[Row], Row]
    columns: tuple[str, ...] = COLUMNS


def usd(nusd: int | None) -> Decimal | None:
    """Return dollars, exact; None when unknown."""
    return None if nusd is None else Decimal(nusd) / NUSD_PER_USD


def utc(moment: datetime) -> str:
    """Return `moment` as ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def of_sums(row: SavingsRow) -> Row:
    """Return the label of `row` and its sums, in the order of `SUM_NAMES`."""
    return (
        row.label,
        *(getattr(row, name) for name in SUMS),
        row.turns,
        row.saving_nusd,
        usd(row.cost_nusd),
        usd(row.baseline_nusd),
        usd(row.saving_nusd),
        row.saving_share,
        row.accepted_share,
    )


def _flat(values: Row) -> Row:
    """Calls are their number and the tokens of all of them together."""
    calls = [rows.call_from_json(stored) for stored in values[1]]
    usages = [call.usage for call in calls if call.usage]
    tokens = (sum(getattr(usage, name) for usage in usages) for name in TOKENS)
    return (*_common(values), len(calls), *tokens)


def _whole(values: Row) -> Row:
    *copied, signals = values
    calls = [_call(rows.call_from_json(stored)) for stored in values[1]]
    return (*_common(tuple(copied)), signals, calls)


def _common(values: Row) -> Row:
    money = values[2:FIRST_COPIED]
    copied = values[FIRST_COPIED:]
    return (utc(values[0]), *money, *map(usd, money), *copied)


def _call(call: CallRecord) -> dict[str, Any]:
    return {**dataclasses.asdict(call), "cost_usd": usd(call.cost_nusd)}


FLAT = Shape(names=(*COMMON_NAMES, "calls", *TOKENS), row_of=_flat)
WHOLE = Shape(
    names=(*COMMON_NAMES, "signals", "calls"),
    row_of=_whole,
    columns=(*COLUMNS, "signals"),
)
