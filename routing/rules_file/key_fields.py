"""What a file of rules may say of a client key, beside the key itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from metrics.expiry import expiry
from routing.rules_file.nodes import Place, Read, Reader

USD_STEP = Decimal("0.0001")


def _patterns(reader: Reader, place: Place) -> str:
    """Return a list of names or patterns as the lines of a key's row."""
    texts = reader.texts(place)
    if any(len(text.splitlines()) > 1 for text in texts):
        reader.complain(place, "write each pattern on one line")
    return "\n".join(texts)


def _usd(reader: Reader, place: Place) -> Decimal | None:
    number = reader.number(place)
    if number is None:
        return None
    usd = Decimal(str(number))
    if number < 0 or usd != usd.quantize(USD_STEP):
        reader.complain(place, "expected US dollars, with four decimals at most")
    return usd


def _count(reader: Reader, place: Place) -> int | None:
    number = reader.integer(place)
    if number is not None and number < 0:
        reader.complain(place, f"must not be below 0, as {number} is")
    return number


def _moment(reader: Reader, place: Place) -> datetime | None:
    text = place.node.value
    if isinstance(text, str):
        try:
            return expiry(text)
        except ValueError:
            pass
    reader.complain(place, "expected a day or moment in UTC: 2027-01-31[T12:00]")
    return None


KEY_FIELDS: Mapping[str, Read] = {
    "owner": Reader.text,
    "expires_at": _moment,
    "allowed_models": _patterns,
    "allowed_rules": _patterns,
    "requests_per_minute": _count,
    "tokens_per_minute": _count,
    "concurrent_requests": _count,
    "usd_per_day": _usd,
    "usd_per_month": _usd,
    "max_tokens": _count,
    "max_body_bytes": _count,
    "session_requests": _count,
}
