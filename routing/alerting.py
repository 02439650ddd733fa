"""What operators are told of without asking: budgets that fill up.

Loaded when the app starts: the keeper then knows the chore and the webhook.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from decimal import Decimal

import httpx
import msgspec
from django.conf import settings
from django.utils import timezone

from metrics import alerts, spending
from metrics.chores import Chore, chores
from metrics.formats import usd
from routing import validators, way_out
from routing.key_table import limits_of
from routing.limits.terms import day_name, month_name
from routing.models import ClientKey
from routing.providers.base import Timeouts

THRESHOLDS = (50, 80, 100)
EVERY_S = 60.0
TIMEOUT_S = 10.0
MIN_SECRET_CHARS = 16


def watch_budgets() -> int:
    """Tell of keys whose budget is used to a threshold; how many alerts are new.

    Each threshold once a period, the highest that is reached alone. Cost: two queries
    when any key has a budget, one when none has.
    """
    rows = {
        row.name: row
        for row in ClientKey.objects.filter(enabled=True)
        if limits_of(row).budgeted
    }
    if not rows:
        return 0
    told = 0
    known = spending.by_key(rows, timezone.localdate())
    for (name, simulated), spent in known.items():
        if not simulated:
            told += sum(alerts.tell(*words) for words in _alerts_of(rows[name], spent))
    return told


def _alerts_of(
    row: ClientKey, spent: spending.KeySpending
) -> Iterator[tuple[str, str, str]]:
    """Yield name, subject and text of what is to be told of a key."""
    limits, today = limits_of(row), timezone.localdate()
    periods = (
        ("day", day_name(today), spent.day_nusd, limits.day_nusd),
        ("month", month_name(today), spent.month_nusd, limits.month_nusd),
    )
    for kind, period, amount, limit in periods:
        reached = [t for t in THRESHOLDS if limit and amount * 100 >= limit * t]
        if limit is None or not reached:
            continue
        # A budget that was raised meanwhile may be told of again.
        name = f"budget:{row.pk}:{period}:{limit}:{reached[-1]}"
        share = int(Decimal(amount) * 100 / limit)
        subject = f"{row.name} has used {share} % of its budget for this {kind}"
        yield name, subject, _text(row, kind, amount, limit)


def _text(row: ClientKey, kind: str, amount: int, limit: int) -> str:
    owner = f", owned by {row.owner}" if row.owner else ""
    after = (
        "Its requests are refused until the next one begins, or until somebody raises "
        "the budget in admin under Client keys."
        if amount >= limit
        else "At 100 % its requests are refused."
    )
    return (
        f"The client key {row.name} ({row.prefix}...){owner} has spent {usd(amount)} "
        f"of {usd(limit)} for this {kind}, as far as decisions are in the account. "
        f"{after}"
    )


def post(message: alerts.Message) -> None:
    """Post `message` to the webhook, signed. Raises SendingFailed.

    The signature is that of the Standard Webhooks: the secret's HMAC-SHA256 of id,
    moment and body, joined by dots.
    """
    secret = settings.CASCADE_ALERT_WEBHOOK_SECRET
    if len(secret) < MIN_SECRET_CHARS:
        raise alerts.SendingFailed("CASCADE_ALERT_WEBHOOK_SECRET is empty or short")
    body = msgspec.json.encode(
        {
            "name": message.name,
            "subject": message.subject,
            "text": message.text,
            "at": message.created_at,
        }
    )
    moment = str(int(timezone.now().timestamp()))
    headers = {
        "content-type": "application/json",
        "user-agent": "cascadeproxy",
        "webhook-id": message.name,
        "webhook-timestamp": moment,
        "webhook-signature": signature(secret, message.name, moment, body),
    }
    status = _status_of(body, headers)
    if not 200 <= status < 300:
        raise alerts.SendingFailed(f"the webhook answered {status}")


def _status_of(body: bytes, headers: dict[str, str]) -> int:
    """Return what the webhook answers. It is not followed elsewhere."""
    transport = way_out.transport(validators.is_listed)
    limits = Timeouts(connect_s=TIMEOUT_S, read_s=TIMEOUT_S, total_s=TIMEOUT_S)
    try:
        request = httpx.Request(
            "POST",
            settings.CASCADE_ALERT_WEBHOOK_URL,
            content=body,
            headers=headers,
            extensions={"timeout": limits.as_extension()},
        )
        response = transport.handle_request(request)
        response.close()
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise alerts.SendingFailed(type(problem).__name__) from problem
    finally:
        transport.close()
    return response.status_code


def signature(secret: str, message_id: str, moment: str, body: bytes) -> str:
    """Return what `webhook-signature` must be for a receiver to believe it."""
    signed = b".".join([message_id.encode(), moment.encode(), body])
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def is_on() -> bool:
    """Whether there is a webhook."""
    return validators.host_of(settings.CASCADE_ALERT_WEBHOOK_URL) != ""


def register() -> None:
    """Let the keeper watch budgets, and alerts go to the webhook."""
    alerts.channels["webhook"] = alerts.Channel(is_on=is_on, send=post)
    chores.append(
        Chore(
            work=watch_budgets,
            every_s=EVERY_S,
            trouble="Budgets are not watched",
        )
    )


register()
