"""A decision in words, and as the fields of a log line."""

from __future__ import annotations

from typing import Any

from metrics.types import DecisionRecord


def in_words(record: DecisionRecord) -> str:
    """Return the decision as a person would say it."""
    if record.aborted:
        words = "client gone"
    elif record.outcome == "accepted":
        words = f"draft accepted (confidence {record.confidence:.2f})"
    elif record.outcome == "escalated":
        words = f"escalated ({_why(record)})"
    elif record.outcome == "account":
        words = "account endpoint"
    elif record.outcome == "shadow":
        words = f"shadow evaluation of {record.about}"
    else:
        words = f"pass-through{f' ({record.reason})' if record.reason else ''}"
    if record.calls and record.calls[-1].role == "fallback" and record.served_model:
        words += f", the fallback {record.served_model} answered"
    if record.status >= 400 and not record.aborted:
        words += f", status {record.status}"
    return words + _saving_in_words(record)


def _why(record: DecisionRecord) -> str:
    if record.reason == "low_confidence":
        return f"{record.confidence:.2f} < {record.threshold:.2f}"
    return record.reason


def _saving_in_words(record: DecisionRecord) -> str:
    if not record.rule or not record.baseline_nusd or record.saving_nusd is None:
        return ""
    share = record.saving_nusd / record.baseline_nusd
    return f", {'saved' if share >= 0 else 'lost'} {abs(share) * 100:.0f} %"


def log_fields(record: DecisionRecord) -> dict[str, Any]:
    """Return the fields of a log line, by allow-list: nothing a client wrote."""
    return {
        "decision_id": record.decision_id,
        "about": record.about,
        "rule": record.rule,
        "key": record.key_name,
        "requested_model": record.requested_model,
        "served_model": record.served_model,
        "draft_model": record.draft_model,
        "verifier_model": record.verifier_model,
        "outcome": record.outcome,
        "endpoint": record.endpoint,
        "reason": record.reason,
        "confidence": record.confidence,
        "status": record.status,
        "stream": record.stream,
        "aborted": record.aborted,
        "simulated": record.simulated,
        "tokens": {
            call.role: [call.usage.prompt_tokens, call.usage.output_tokens]
            for call in record.calls
            if call.usage
        },
        "cost_nusd": record.cost_nusd,
        "saving_nusd": record.saving_nusd,
        "total_ms": record.total_ms,
        "overhead_ms": record.overhead_us / 1000,
    }
