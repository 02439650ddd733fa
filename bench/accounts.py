"""`python -m bench.accounts ROWS`: fills a database with decisions and times its pages.

Run by `bench.reports`, in a process of its own with the database in its environment.
Prints the figures as JSON.
"""

from __future__ import annotations

import dataclasses
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
import msgspec
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment

from bench import account_pages
from metrics import lines
from metrics.identifiers import DECISION_ID_LENGTH, base62
from metrics.types import CallRecord, DecisionRecord, Price, Usage

FILE_ROWS = 100_000
DAYS = 90
TEMPLATES = 2_000
KEYS = ("acme", "globex", "initech", "hooli", "umbrella")
TAGS = ("", "", "batch", "chat", "ci")
RULES = ("opus", "sonnet", "agents", "")
VERIFIERS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-opus-4-8")
DRAFT = "claude-haiku-5-5"
PRICE = Price(
    input_nusd=3_000_000_000,
    output_nusd=15_000_000_000,
    cache_read_nusd=300_000_000,
    cache_write_5m_nusd=3_750_000_000,
    cache_write_1h_nusd=6_000_000_000,
)


def main(rows: int) -> None:
    """Print what filling cost and how long the pages take."""
    django.setup()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    # What pages import is there before the long part begins.
    Client().get(account_pages.SAVINGS)
    figures = {**fill(rows), **sizes(rows), **account_pages.times_ms(rows)}
    sys.stdout.write(msgspec.json.encode(figures).decode())


def fill(rows: int) -> dict[str, float]:
    """Load `rows` decisions of 90 days as the keeper does; seconds and bytes."""
    keeper = _module("metrics.keeper")
    loading_s = cpu_s = journal_bytes = 0.0
    with TemporaryDirectory(prefix="bench-journal-") as name:
        directory = Path(name)
        for number, chunk in enumerate(_chunks(rows)):
            path = directory / f"{number:06}.jsonl"
            path.write_bytes(chunk)
            journal_bytes += len(chunk)
            started, cpu = time.perf_counter(), time.process_time()
            result = keeper.load(directory)
            loading_s += time.perf_counter() - started
            cpu_s += time.process_time() - cpu
            if result.problem or result.rejected:
                raise SystemExit(f"not loaded: {result}")
            sys.stderr.write(f"\r{(number + 1) * FILE_ROWS:,} decisions")
    sys.stderr.write("\n")
    started, cpu = time.perf_counter(), time.process_time()
    _module("metrics.rollups").fold()
    loading_s += time.perf_counter() - started
    cpu_s += time.process_time() - cpu
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")  # what autovacuum does in time
    return {"loading": loading_s, "CPU": cpu_s, "journal": journal_bytes / rows}


def sizes(rows: int) -> dict[str, float]:
    """Return bytes a decision, without and with its indexes, and rows of sums."""
    table = apps.get_model("metrics.RoutingDecision")._meta.db_table
    daily = apps.get_model("metrics.DailyRollup").objects.count()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_table_size(%s), pg_total_relation_size(%s)", [table, table]
            )
            bare, whole = cursor.fetchone()
        else:
            cursor.execute(
                "SELECT sum(CASE WHEN name = %s THEN pgsize END), sum(pgsize) "
                "FROM dbstat WHERE aggregate = 1 AND name IN "
                "(SELECT name FROM sqlite_master WHERE tbl_name = %s)",
                [table, table],
            )
            bare, whole = cursor.fetchone()
    return {"row": bare / rows, "row whole": whole / rows, "daily rollups": daily}


def _chunks(rows: int) -> Iterator[bytes]:
    """Yield journal files: the same few lines with an id and a moment of their own."""
    rng = random.Random(7)  # noqa: S311  not for secrets
    templates = [_template(rng) for _ in range(TEMPLATES)]
    first = datetime.now(UTC) - timedelta(days=DAYS) + timedelta(minutes=5)
    step = timedelta(days=DAYS) / rows
    for start in range(0, rows, FILE_ROWS):
        chunk = []
        for number in range(start, min(start + FILE_ROWS, rows)):
            head, middle, tail = rng.choice(templates)
            identifier = base62(number << 60, DECISION_ID_LENGTH).encode()
            moment = (first + step * number).isoformat().encode()
            chunk.append(head + identifier + middle + moment + tail)
        yield b"".join(chunk)


def _template(rng: random.Random) -> tuple[bytes, bytes, bytes]:
    """A line of the journal, open where its id and its moment stand."""
    identifier, moment = "I" * DECISION_ID_LENGTH, datetime(2020, 1, 1, tzinfo=UTC)
    record = dataclasses.replace(
        _record(rng), decision_id=identifier, started_at=moment
    )
    line = lines.encode(record).rstrip(b"\n") + b"\n"
    head, rest = line.split(identifier.encode())
    written = msgspec.json.encode(moment).strip(b'"')
    middle, tail = rest.split(written)
    return head, middle, tail


def _record(rng: random.Random) -> DecisionRecord:
    """A decision like those of busy days: six in ten drafts are accepted."""
    rule = rng.choices(RULES, (4, 3, 2, 1))[0]
    verifier = rng.choice(VERIFIERS)
    ending = rng.choices(("accepted", "escalated", "pass_through"), (6, 3, 1))[0]
    ending = ending if rule else "pass_through"
    roles = {"accepted": ("draft",), "escalated": ("draft", "verifier")}
    calls = tuple(
        _call(rng, role, DRAFT if role == "draft" else verifier)
        for role in roles.get(ending, ("verifier",))
    )
    cost = sum(call.cost_nusd or 0 for call in calls)
    judged, aborted = ending != "pass_through", rng.random() < 0.01
    confidence = round(rng.betavariate(5, 2), 4) if judged else None
    key = rng.choice(KEYS)
    return DecisionRecord(
        decision_id="",
        started_at=datetime.now(UTC),
        key_name=key,
        key_prefix=f"cp_live_{key[:4]}",
        tag=rng.choice(TAGS),
        rule=rule,
        requested_model=verifier,
        served_model=calls[-1].model,
        draft_model=DRAFT if rule else "",
        verifier_model=verifier,
        outcome=ending,
        reason="low_confidence" if ending == "escalated" else "",
        confidence=confidence,
        threshold=0.7 if judged else None,
        signals={"prior": confidence} if confidence is not None else {},
        calls=calls,
        cost_nusd=cost if rng.random() > 0.005 else None,
        baseline_nusd=cost * 3 if ending == "accepted" else cost // 2,
        total_ms=rng.randint(400, 40_000),
        overhead_us=rng.randint(800, 3000),
        first_byte_ms=rng.randint(300, 4000),
        status=499 if aborted else 200,
        stream=rng.random() < 0.7,
        aborted=aborted,
        simulated=False,
        repeat=rng.random() < 0.002,
    )


def _call(rng: random.Random, role: Any, model: str) -> CallRecord:
    usage = Usage(
        input_tokens=rng.randint(20, 4000),
        output_tokens=rng.randint(20, 2000),
        cache_read_tokens=rng.choice((0, 0, rng.randint(2000, 90_000))),
        cache_write_5m_tokens=rng.choice((0, 0, 0, rng.randint(1000, 9000))),
    )
    return CallRecord(
        role=role,
        provider="anthropic",
        model=model,
        status=200,
        usage=usage,
        price=PRICE,
        cost_nusd=usage.prompt_tokens * 3000 + usage.output_tokens * 15_000,
        duration_ms=rng.randint(300, 30_000),
    )


def _module(name: str) -> Any:
    """A module of the product that asks for Django to be set up first."""
    return sys.modules.get(name) or __import__(name, fromlist=["_"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
