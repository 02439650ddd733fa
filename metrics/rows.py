"""A decision as a row of the database: values in the order of the columns, and back.

`calls` is stored as short arrays, not objects: the names of the fields would be half of
a row. The order is part of the format, see docs/journal.md; it only grows at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter, gt
from typing import Any

import msgspec
from django.db.backends.base.base import BaseDatabaseWrapper

from metrics.models import RoutingDecision
from metrics.types import CallRecord, DecisionRecord, Price, Role, Usage

FIELDS = tuple(f for f in RoutingDecision._meta.concrete_fields if not f.primary_key)
NAMES = tuple(field.name for field in FIELDS)
COLUMNS = tuple(str(field.column) for field in FIELDS)
# What a record does not hold is put in its place afterwards.
_DURATIONS = {"draft_ms": "draft", "verifier_ms": "verifier"}
_copied = attrgetter(*("total_ms" if n in _DURATIONS else n for n in NAMES))
_WIDTHS = {f.name: f.max_length for f in FIELDS if f.max_length}
_texts = attrgetter(*_WIDTHS)
_STARTED_AT, _SIGNALS, _CALLS = map(NAMES.index, ("started_at", "signals", "calls"))
_DURATION_PLACES = [(NAMES.index(name), role) for name, role in _DURATIONS.items()]
_to_json = msgspec.json.Encoder().encode
NUSD = 10**9
_NO_USAGE = (0, 0, 0, 0, 0)
# Prices are the same for many calls; more than so many at once are not remembered.
_KNOWN_PRICES = 256


def values_of(record: DecisionRecord) -> list[Any]:
    """Return the row that `record` becomes, in the order of `NAMES`, as it is read.

    Text is cut to the width of its column: a long name must not lose a decision.
    """
    values = list(_copied(record))
    texts = _texts(record)
    if any(map(gt, map(len, texts), _WIDTHS.values())) or "\x00" in "".join(texts):
        for (name, width), text in zip(_WIDTHS.items(), texts, strict=True):
            values[NAMES.index(name)] = text.replace("\x00", "")[:width]
    values[_CALLS] = [call_to_json(call) for call in record.calls]
    for place, role in _DURATION_PLACES:
        values[place] = _duration_ms(record.calls, role)
    return values


def parameters(
    rows: Iterable[Sequence[Any]], database: BaseDatabaseWrapper
) -> list[list[Any]]:
    """Return what `values_of` made as `database` takes it, in the order of `COLUMNS`.

    JSON goes as text, which both databases take for their own type.
    """
    adapted = database.ops.adapt_datetimefield_value
    made = []
    for values in rows:
        row = list(values)
        row[_STARTED_AT] = adapted(row[_STARTED_AT])
        row[_SIGNALS] = _to_json(row[_SIGNALS]).decode()
        row[_CALLS] = _to_json(row[_CALLS]).decode()
        made.append(row)
    return made


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


def call_told(stored: Sequence[Any]) -> tuple[Role, int | None, int, int, int | None]:
    """Return role, status, prompt and output tokens and cost of a stored call.

    Tokens nobody told are 0, a cost that is not known is None. Made for millions.
    """
    usage = stored[4] or _NO_USAGE
    prompt_tokens = usage[0] + usage[2] + usage[3] + usage[4]
    return stored[0], stored[3], prompt_tokens, usage[1], stored[6]


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


@lru_cache(_KNOWN_PRICES)
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
