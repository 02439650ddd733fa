"""Client keys as the hot path reads them: rows -> frozen values by digest."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from metrics import spending
from metrics.formats import NUSD_PER_USD
from routing.config import ClientKeyConfig, Pattern
from routing.limits.terms import KeyLimits, Spent
from routing.models import ClientKey
from routing.validators import pattern_lines


def load() -> dict[str, ClientKeyConfig]:
    """Return all keys that work by their digests. One query.

    A key that was rotated is there twice, as one key, until the old one ends.
    """
    now = timezone.now()
    found = dict(_by_digest(ClientKey.objects.filter(enabled=True)))
    return {digest: key for digest, key in found.items() if not key.expired(now)}


def spent_by(keys: Iterable[ClientKeyConfig]) -> dict[tuple[str, bool], Spent]:
    """Return what keys with a budget spent, as the account knows it.

    One query; none when no key has a budget.
    """
    names = {key.name for key in keys if key.limits.budgeted}
    if not names:
        return {}
    today = timezone.localdate()
    return {
        pair: Spent(day=today, day_nusd=sums.day_nusd, month_nusd=sums.month_nusd)
        for pair, sums in spending.by_key(names, today).items()
    }


def limits_of(
    row: ClientKey, usual: Mapping[str, int | Decimal] | None = None
) -> KeyLimits:
    """Return the limits in force for `row`: its own, else `usual`; None is no limit.

    `usual` are the `defaults`, for who has them at hand for many keys.
    """
    usual = defaults() if usual is None else usual
    return KeyLimits(
        requests_per_minute=_number(row, usual, "requests_per_minute"),
        tokens_per_minute=_number(row, usual, "tokens_per_minute"),
        concurrent_requests=_number(row, usual, "concurrent_requests"),
        day_nusd=_nusd(row, usual, "usd_per_day"),
        month_nusd=_nusd(row, usual, "usd_per_month"),
        max_tokens=_number(row, usual, "max_tokens"),
        max_body_bytes=_number(row, usual, "max_body_bytes"),
        session_requests=_number(row, usual, "session_requests"),
    )


def defaults() -> Mapping[str, int | Decimal]:
    """Return the limits of a key that sets none of its own, by field; 0 is none."""
    return {
        "requests_per_minute": settings.CASCADE_KEY_REQUESTS_PER_MINUTE,
        "tokens_per_minute": settings.CASCADE_KEY_TOKENS_PER_MINUTE,
        "concurrent_requests": settings.CASCADE_KEY_CONCURRENT_REQUESTS,
        "usd_per_day": Decimal(str(settings.CASCADE_KEY_USD_PER_DAY)),
        "usd_per_month": Decimal(str(settings.CASCADE_KEY_USD_PER_MONTH)),
        "max_tokens": settings.CASCADE_KEY_MAX_TOKENS,
        "max_body_bytes": settings.CASCADE_KEY_MAX_BODY_BYTES,
        "session_requests": settings.CASCADE_KEY_SESSION_REQUESTS,
    }


def _by_digest(rows: Iterable[ClientKey]) -> Iterator[tuple[str, ClientKeyConfig]]:
    usual = defaults()
    for row in rows:
        key = _config(row, usual)
        if row.previous_digest and row.previous_until:
            ends = [row.previous_until, *([row.expires_at] if row.expires_at else [])]
            yield (
                row.previous_digest,
                dataclasses.replace(
                    key, prefix=row.previous_prefix, expires_at=min(ends)
                ),
            )
        yield row.digest, key


def _config(row: ClientKey, usual: Mapping[str, int | Decimal]) -> ClientKeyConfig:
    return ClientKeyConfig(
        id=row.pk,
        name=row.name,
        prefix=row.prefix,
        tag=row.tag,
        expires_at=row.expires_at,
        may_force=row.may_force,
        account_access=row.account_access,
        allowed_models=_patterns(row.allowed_models),
        allowed_rules=_patterns(row.allowed_rules),
        limits=limits_of(row, usual),
    )


def _patterns(text: str) -> tuple[Pattern, ...]:
    return tuple(Pattern(line) for line in pattern_lines(text))


def _number(
    row: ClientKey, usual: Mapping[str, int | Decimal], name: str
) -> int | None:
    own: int | None = getattr(row, name)
    return int(usual[name] if own is None else own) or None


def _nusd(row: ClientKey, usual: Mapping[str, int | Decimal], name: str) -> int | None:
    own: Decimal | None = getattr(row, name)
    return int((usual[name] if own is None else own) * NUSD_PER_USD) or None
