"""Times the account's pages on a filled database, with labels, text and closed months.

Imported by `bench.accounts` before Django is set up, so models are looked up late.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from statistics import median
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import F, QuerySet
from django.test import Client
from django.utils import timezone

ROUNDS = 5
LIST = "/admin/metrics/routingdecision/"
SAVINGS = "/reports/"
RULE = "/reports/rules/opus/"
STATEMENTS = "/reports/statements/"
CHANGES, LABELS, TEXTS = 20, 20_000, 2_000
PROMPT_WORDS, ANSWER_WORDS = 6_000, 600
DEEP = 200
BATCH = 1_000


def times_ms(rows: int) -> dict[str, float]:
    """Return milliseconds of each page: the median of some after a first look."""
    staff = get_user_model().objects.create_superuser("bench")
    client = Client()
    client.force_login(staff)
    rng = random.Random(7)  # noqa: S311  not for secrets
    _change_a_rule()
    _label(rng, rows)
    with_text = _keep_text(rng)
    closed = _close_a_month(staff)
    deep = min(DEEP, rows // 1_000)  # a list of few rows has no page 200
    addresses = {**_reports(closed), **_lists(deep), **_decisions(with_text)}
    return {name: _time_ms(client, url) for name, url in addresses.items()}


def _change_a_rule() -> None:
    rules = apps.get_model("routing.CascadeRule").objects
    rules.create(
        name="opus",
        request_model="claude-opus-5-5",
        draft_model="claude-haiku-5-5",
    )
    for priority in range(CHANGES):
        rules.filter(name="opus").update(priority=priority)


def _label(rng: random.Random, rows: int) -> None:
    """Label drafts all over the period: most were drawn at random, some picked."""
    copied = import_module("metrics.labelling").COPIED
    label = apps.get_model("metrics.Label")
    judged = (
        _decided()
        .alias(part=F("id") % max(rows // LABELS, 1))
        .filter(part=0, confidence__isnull=False)
    )
    label.objects.bulk_create(
        (
            label(
                decision_id=decision_id,
                source="person" if picked else "agreement",
                worse=rng.random() < 0.05,
                probability=None if picked else 0.05,
                decided_at=decided_at,
                **dict(zip(copied, values, strict=True)),
            )
            for decision_id, decided_at, *values in judged.values_list(
                "decision_id", "started_at", *copied
            )
            for picked in [rng.random() < 0.1]
        ),
        batch_size=BATCH,
    )


def _keep_text(rng: random.Random) -> str:
    """Keep text of the newest escalations; the newest of their identifiers is given."""
    text = apps.get_model("metrics.KeptText")
    escalated = _decided().filter(outcome="escalated").order_by("-id")
    newest = list(escalated.values_list("decision_id", "rule")[:TEXTS])
    prompt = f'[["user","{_words(rng, PROMPT_WORDS)}"]]'
    text.objects.bulk_create(
        (
            text(
                decision_id=decision_id,
                rule=rule,
                kept_at=timezone.now(),
                prompt=prompt,
                draft=_words(rng, ANSWER_WORDS),
                verifier=_words(rng, ANSWER_WORDS),
            )
            for decision_id, rule in newest
        ),
        batch_size=BATCH,
    )
    return newest[0][0]


def _words(rng: random.Random, count: int) -> str:
    lines = count // 10
    return "\\n".join(
        " ".join(rng.choices(("it", "was", "the", "best", "of", "times"), k=10))
        for _ in range(lines)
    )


def _close_a_month(staff: Any) -> str:
    """Close the month before this one; it is given as it is written."""
    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    month = f"{last:%Y-%m}"
    period = import_module("metrics.periods").month(month)
    import_module("metrics.statements").close(period, staff)
    return month


def _reports(closed: str) -> dict[str, str]:
    month = f"{timezone.localdate():%Y-%m}"
    return {
        "savings, 30 days": SAVINGS,
        "savings, 90 days": f"{SAVINGS}?period=90d",
        "a rule, 30 days": RULE,
        "a rule, 90 days": f"{RULE}?period=90d",
        "months": STATEMENTS,
        "a month by tag": f"{STATEMENTS}{month}/",
        "a closed month by key": f"{STATEMENTS}{closed}/?by=key",
        "calculator": "/reports/calculator/",
        "live": "/reports/live/",
    }


def _lists(deep: int) -> dict[str, str]:
    month = {
        "started_at__gte": (timezone.now() - timedelta(days=30)).isoformat(),
        "started_at__lt": timezone.now().isoformat(),
        "simulated__exact": 0,
        "endpoint__exact": "",
    }
    queries: dict[str, dict[str, Any]] = {
        "list, first page": {},
        f"list, page {deep}": {"p": deep},
        "list, outcome escalated": {"outcome__exact": "escalated"},
        "list, outcome that is rare": {"outcome__exact": "account"},
        "list, a rule": {"rule__exact": "opus"},
        f"list, a rule and page {deep}": {"rule__exact": "opus", "p": deep},
        "list, a key": {"key_name__exact": "globex"},
        "list, aborted": {"aborted__exact": 1},
        "list, a repeat": {"repeat__exact": 1},
        "list, behind a number": month,
        "list, behind escalated": {**month, "outcome__exact": "escalated"},
        "list, one decision by id": {"q": _middle()},
    }
    return {name: f"{LIST}?{urlencode(query)}" for name, query in queries.items()}


def _decisions(with_text: str) -> dict[str, str]:
    return {
        "a decision": f"/d/{_middle()}",
        "a decision with text": f"/d/{with_text}",
    }


def _middle() -> str:
    decisions = _decided().order_by("id")
    found: str = decisions[decisions.count() // 2].decision_id
    return found


def _decided() -> QuerySet[Any]:
    return apps.get_model("metrics.RoutingDecision").objects.all()


def _time_ms(client: Client, url: str) -> float:
    times = [_once(lambda: _look(client, url)) for _ in range(ROUNDS + 1)]
    return median(times[1:])


def _once(step: Callable[[], None]) -> float:
    started = time.perf_counter()
    step()
    return (time.perf_counter() - started) * 1000


def _look(client: Client, url: str) -> None:
    response = client.get(url)
    if response.status_code != 200:
        raise SystemExit(f"{url} answered {response.status_code}")
