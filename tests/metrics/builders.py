"""Values for tests of the account: one keyword per thing that matters to the test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from metrics.identifiers import base62
from metrics.types import (
    CallRecord,
    DecisionRecord,
    Passage,
    Price,
    TextRecord,
    Usage,
)

MOMENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DRAFT_PRICE = Price(
    input_nusd=100_000_000,
    output_nusd=500_000_000,
    cache_read_nusd=10_000_000,
    cache_write_5m_nusd=125_000_000,
    cache_write_1h_nusd=200_000_000,
)


def make_id(number: int) -> str:
    return base62(number, 22)


def make_call(**changes: Any) -> CallRecord:
    values: dict[str, Any] = {
        "role": "draft",
        "provider": "anthropic",
        "model": "draft-small",
        "status": 200,
        "usage": Usage(input_tokens=1200, output_tokens=300),
        "price": DRAFT_PRICE,
        "cost_nusd": 270_000,
        "duration_ms": 840,
    }
    return CallRecord(**values | changes)


def make_record(**changes: Any) -> DecisionRecord:
    values: dict[str, Any] = {
        "decision_id": make_id(1),
        "started_at": MOMENT,
        "key_name": "acme",
        "key_prefix": "cp_live_Ab12",
        "tag": "",
        "rule": "default",
        "requested_model": "verifier-large",
        "served_model": "draft-small",
        "draft_model": "draft-small",
        "verifier_model": "verifier-large",
        "outcome": "accepted",
        "reason": "",
        "confidence": 0.85,
        "threshold": 0.7,
        "signals": {"prior": 0.85},
        "calls": (make_call(),),
        "cost_nusd": 270_000,
        "baseline_nusd": 10_800_000,
        "total_ms": 850,
        "overhead_us": 900,
        "first_byte_ms": 845,
        "status": 200,
        "stream": False,
        "aborted": False,
        "simulated": False,
    }
    return DecisionRecord(**values | changes)


def make_text(**changes: Any) -> TextRecord:
    values: dict[str, Any] = {
        "decision_id": make_id(1),
        "rule": "default",
        "kept_at": MOMENT,
        "prompt": (Passage(by="user", text="What is 2 + 2?"),),
        "draft": "It is five.",
        "verifier": "It is four.",
    }
    return TextRecord(**values | changes)
