"""A decision as a row of the database: values in the order of the columns, and back.

`calls` is stored as short arrays, not objects: the names of the fields would be half of
a row. The order is part of the format, see docs/journal.md; it only grows at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db.backends.base.base import BaseDatabaseWrapper

from metrics.models import RoutingDecision
from metrics.types import CallRecord, DecisionRecord, Price, Usage

FIELDS = tuple(f for f in RoutingDecision._meta.concrete_fields if not f.primary_key)
COLUMNS = tuple(str(field.column) for field in FIELDS)
_COMPUTED = {"started_at", "signals", "calls", "saving_nusd", "draft_ms", "verifier_ms"}
_COPIED = tuple(f.name for f in FIELDS if f.name not in _COMPUTED)
_LIMITS = {f.name: f.max_length for f in FIELDS if f.max_length}
_to_json = msgspec.json.Encoder().encode
NUSD = 10**9
_NO_USAGE = (0, 0, 0, 0, 0)


def parameters(record: DecisionRecord, database: BaseDatabaseWrapper) -> list[Any]:
    """Return the row that `record` becomes, in the order of `COLUMNS`.

    Text is cut to the width of its column: a long name must not lose a decision. JSON
    goes as text, which both databases take for their own type.
    """
    values = {name: getattr(record, name) for name in _COPIED}
    for name, limit in _LIMITS.items():
        if len(values[name]) > limit or "\x00" in values[name]:
            values[name] = values[name].replace("\x00", "")[:limit]
    values["started_at"] = database.ops.adapt_datetimefield_value(record.started_at)
    values["signals"] = _to_json(record.signals).decode()
    values["calls"] = _to_json([call_to_json(call) for call in record.calls]).decode()
    values["saving_nusd"] = record.saving_nusd
    values["draft_ms"] = _duration_ms(record.calls, "draft")
    values["verifier_ms"] = _duration_ms(record.calls, "verifier")
    return [values[field.name] for field in FIELDS]


def call_to_json(call: CallRecord) -> list[Any]:
    """Return `call` as role, provider, model, status, usage, price, cost, ms."""
    return [
        call.role,
        call.provider,
        call.model,
        call.status,
        _usage_to_json(call.usage),
        _price_to_json(call.price),
        call.cost_nusd,
        call.duration_ms,
    ]


def call_from_json(stored: Sequence[Any]) -> CallRecord:
    """Return the call that `call_to_json` stored; what came later is passed over."""
    role, provider, model, status, usage, price, cost_nusd, duration_ms = stored[:8]
    return CallRecord(
        role=role,
        provider=provider,
        model=model,
        status=status,
        usage=_usage_from_json(usage),
        price=_price_from_json(price),
        cost_nusd=cost_nusd,
        duration_ms=duration_ms,
    )


def call_sums(stored: Sequence[Any]) -> tuple[str, int, int, int, int]:
    """Return role, prompt, cached and output tokens and cost of a stored call.

    What is unknown is 0. Made for millions: no value is built.
    """
    usage = stored[4] or _NO_USAGE
    prompt_tokens = usage[0] + usage[2] + usage[3] + usage[4]
    return stored[0], prompt_tokens, usage[2], usage[1], stored[6] or 0


def _usage_to_json(usage: Usage | None) -> list[int | str] | None:
    """The five token classes; what is rare follows only where there is some of it."""
    if usage is None:
        return None
    rare: list[int | str] = [usage.web_searches, usage.tariff, usage.unpriced]
    while rare and not rare[-1]:
        rare.pop()
    return [
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_5m_tokens,
        usage.cache_write_1h_tokens,
        *rare,
    ]


def _usage_from_json(stored: Sequence[Any] | None) -> Usage | None:
    if stored is None:
        return None
    rare = dict(zip(("web_searches", "tariff", "unpriced"), stored[5:], strict=False))
    return Usage(
        input_tokens=stored[0],
        output_tokens=stored[1],
        cache_read_tokens=stored[2],
        cache_write_5m_tokens=stored[3],
        cache_write_1h_tokens=stored[4],
        **rare,
    )


def _price_to_json(price: Price | None) -> list[float] | None:
    """The five token classes, and the price of a search where it is told.

    In US dollars, which takes a third of the room: a row has one for every call.
    """
    if price is None:
        return None
    search_nusd = price.web_search_nusd
    told = [
        price.input_nusd,
        price.output_nusd,
        price.cache_read_nusd,
        price.cache_write_5m_nusd,
        price.cache_write_1h_nusd,
        *(() if search_nusd is None else (search_nusd,)),
    ]
    return [_usd(nusd) for nusd in told]


def _price_from_json(stored: Sequence[float] | None) -> Price | None:
    if stored is None:
        return None
    told = [round(usd * NUSD) for usd in stored]
    return Price(
        input_nusd=told[0],
        output_nusd=told[1],
        cache_read_nusd=told[2],
        cache_write_5m_nusd=told[3],
        cache_write_1h_nusd=told[4],
        web_search_nusd=told[5] if len(told) > 5 else None,
    )


def _usd(nusd: int) -> float:
    """Dollars, short when they are whole; exact for less than a million of them."""
    return nusd / NUSD if nusd % NUSD else nusd // NUSD


def _duration_ms(calls: Sequence[CallRecord], role: str) -> int | None:
    """Milliseconds of all calls of a role together; None when there was none."""
    durations = [call.duration_ms for call in calls if call.role == role]
    return sum(durations) if durations else None
