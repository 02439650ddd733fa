"""Alerts: told once, by every channel that is on, and tried again until it works.

Whoever notices something calls `tell`; the keeper sends. A name is told once for ever:
put the period into it of what may be told again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from metrics.alert_models import Alert

logger = logging.getLogger(__name__)

# Whoever tries one has so long before another may.
TRYING_S = 300.0
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 6 * 3600.0
# About three days.
MAX_ATTEMPTS = 18


class SendingFailed(Exception):
    """A channel could not be used; the message says why, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told. `name` tells it from all others, also for who receives it."""

    name: str
    subject: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way to tell somebody. `send` raises SendingFailed."""

    is_on: Callable[[], bool]
    send: Callable[[Message], None]


channels: dict[str, Channel] = {}


def tell(name: str, subject: str, text: str) -> int:
    """Queue an alert for every channel that is on; how many of them are new."""
    wanted = [channel for channel, way in channels.items() if way.is_on()]
    known = set(
        Alert.objects.filter(name=name, channel__in=wanted).values_list(
            "channel", flat=True
        )
    )
    rows = [
        Alert(name=name, channel=channel, subject=subject, text=text)
        for channel in wanted
        if channel not in known
    ]
    # Another keeper may have been first.
    Alert.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        logger.warning("%s", subject)
    return len(rows)


def send_due(*, at_most: int = 1) -> int:
    """Try alerts that are due, the oldest first; how many were tried.

    Cost: each waits for a mail or web server, for `EMAIL_TIMEOUT` at most.
    """
    now = timezone.now()
    due = Alert.objects.filter(next_try_at__lte=now).order_by("next_try_at")
    tried = 0
    for row in due[:at_most]:
        if _claimed(row, now):
            _try(row)
            tried += 1
    return tried


def _claimed(row: Alert, now: datetime) -> bool:
    """Whether this keeper alone may try; the others find it moved."""
    mine = Alert.objects.filter(pk=row.pk, next_try_at=row.next_try_at)
    later = now + timedelta(seconds=TRYING_S)
    return bool(mine.update(next_try_at=later, attempts=row.attempts + 1))


def _try(row: Alert) -> None:
    row.attempts += 1
    channel = channels.get(row.channel)
    try:
        if channel is None or not channel.is_on():
            raise SendingFailed("it is switched off")
        channel.send(
            Message(
                name=row.name,
                subject=row.subject,
                text=row.text,
                created_at=row.created_at,
            )
        )
    except SendingFailed as problem:
        _failed(row, str(problem))
    else:
        row.sent_at, row.next_try_at, row.problem = timezone.now(), None, ""
        row.save()


def _failed(row: Alert, problem: str) -> None:
    row.problem = problem[:300]
    pause_s = min(FIRST_PAUSE_S * 2 ** (row.attempts - 1), LONGEST_PAUSE_S)
    row.next_try_at = timezone.now() + timedelta(seconds=pause_s)
    if row.attempts >= MAX_ATTEMPTS:
        row.next_try_at = None
        logger.error("Given up: the alert %s by %s: %s", row.name, row.channel, problem)
    elif row.attempts == 1:
        logger.warning("Not sent: %s by %s: %s", row.name, row.channel, problem)
    row.save()


def _send_mail(message: Message) -> None:
    try:
        send_mail(
            # A line end in a header would be refused, or begin another header.
            f"[CascadeProxy] {' '.join(message.subject.split())}",
            message.text,
            None,
            settings.CASCADE_ALERT_EMAILS,
        )
    except (OSError, ValueError) as problem:  # SMTP's own errors are OSErrors
        raise SendingFailed(f"{type(problem).__name__}: {problem}") from problem


channels["email"] = Channel(
    is_on=lambda: bool(settings.CASCADE_ALERT_EMAILS), send=_send_mail
)
