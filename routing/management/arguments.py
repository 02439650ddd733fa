"""Arguments that commands share: keys and their limits, and which rules."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet

from metrics.expiry import expiry
from routing.models import CascadeRule, ClientKey

# Option, kind and what it limits; the field has the option's name.
LIMITS: tuple[tuple[str, type[int] | type[Decimal], str], ...] = (
    ("requests-per-minute", int, "messages that may begin in any 60 seconds"),
    ("tokens-per-minute", int, "tokens in any 60 seconds, cached ones left out"),
    ("concurrent-requests", int, "messages that may run at once"),
    ("usd-per-day", Decimal, "US dollars it may spend in a day"),
    ("usd-per-month", Decimal, "US dollars it may spend in a month"),
    ("max-tokens", int, "the highest max_tokens a request may ask for"),
    ("max-body-bytes", int, "the largest request"),
    ("session-requests", int, "messages of one agent session in any 5 minutes"),
)
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def add_limits(parser: ArgumentParser) -> None:
    """Add an option for each limit; one that is left out is the default's."""
    group = parser.add_argument_group("limits", "0 sets none; left out: the default")
    for option, kind, words in LIMITS:
        group.add_argument(f"--{option}", type=kind, default=None, help=words)


def limits_in(options: dict[str, Any]) -> dict[str, Any]:
    """Return the limits that were given, by field."""
    names = (option.replace("-", "_") for option, _, _ in LIMITS)
    return {name: options[name] for name in names if options[name] is not None}


def moment(text: str) -> datetime:
    """Return the moment `text` names, a day meaning its end. Raises CommandError."""
    try:
        return expiry(text)
    except ValueError as problem:
        raise CommandError(f"--expires {problem}") from None


def span(text: str) -> timedelta:
    """Return the span `text` names: 0, 30m, 24h, 7d. Raises CommandError."""
    found = re.fullmatch(r"(\d{1,6})([smhd]?)", text)
    if not found or (not found[2] and int(found[1])):
        raise CommandError(f"--overlap {text} is no span such as 30m, 24h or 7d.")
    return timedelta(seconds=int(found[1]) * _SPANS[found[2] or "s"])


def key_named(name: str) -> ClientKey:
    """Return the key of that name. Raises CommandError, naming those there are."""
    row: ClientKey | None = ClientKey.objects.filter(name=name).first()
    if row is None:
        names = ", ".join(ClientKey.objects.values_list("name", flat=True))
        raise CommandError(f"There is no key {name}. Keys: {names or 'none'}.")
    return row


def add_rule(parser: ArgumentParser) -> None:
    """Add the option that names one rule; left out, all are meant."""
    parser.add_argument("--rule", default="", help="only the rule of this name")


def rules_in(options: dict[str, Any]) -> QuerySet[CascadeRule]:
    """Return the rules that are meant, by name. Raises CommandError for no rule."""
    rules = CascadeRule.objects.order_by("name")
    if not options["rule"]:
        return rules
    if not rules.filter(name=options["rule"]).exists():
        raise CommandError(f"There is no rule {options['rule']}.")
    return rules.filter(name=options["rule"])
