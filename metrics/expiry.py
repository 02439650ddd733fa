"""When a key ends, as an operator writes it."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime


def expiry(text: str) -> datetime:
    """Return the moment `text` names, a day meaning its end, in UTC.

    Raises ValueError, with a sentence, for what is no moment or has passed.
    """
    try:
        day = parse_date(text)
        moment = datetime.combine(day, time.max) if day else parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError(f"{text} is no day or moment such as 2027-01-31.")
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= timezone.now():
        raise ValueError(f"{text} has passed.")
    return moment
