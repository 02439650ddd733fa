"""Moments as people read them, in TIME_ZONE."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


def day(moment: datetime) -> str:
    """Return the day of `moment`."""
    return f"{timezone.localtime(moment):%Y-%m-%d}"


def minute(moment: datetime) -> str:
    """Return `moment` to the minute."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def second(moment: datetime) -> str:
    """Return `moment` to the second."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"
