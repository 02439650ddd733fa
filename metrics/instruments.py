"""All Prometheus instruments, units in their names; documented in docs/savings.md.

Labels are bounded: rule and model names beyond the first few hundred count as `other`.
Keys and users are never labels. Money and tokens carry `simulated`, so that play money
is never added to real money.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from prometheus_client import Counter, Histogram

from metrics.types import CallRecord, DecisionRecord, Usage

logger = logging.getLogger(__name__)
MAX_NAMES = 200
OTHER = "other"
NUSD_PER_USD = 1e9

REQUESTS = Counter(
    "cascadeproxy_requests_total",
    "Answered or aborted requests.",
    ["rule", "outcome", "status_class", "simulated"],
)
ABORTED = Counter(
    "cascadeproxy_aborted_total", "Requests whose client left before the end."
)
DRAFTS_NOT_RETURNED = Counter(
    "cascadeproxy_drafts_not_returned_total",
    "Requests under a rule whose draft was not asked or not returned, by the reason.",
    ["reason"],
)
UPSTREAM_SECONDS = Histogram(
    "cascadeproxy_upstream_duration_seconds",
    "From asking a provider to the end of its answer.",
    ["role", "model"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)
FIRST_BYTE_SECONDS = Histogram(
    "cascadeproxy_time_to_first_byte_seconds",
    "From the request to the first byte of the answer.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
OVERHEAD_SECONDS = Histogram(
    "cascadeproxy_overhead_seconds",
    "Our own time in a request: everything but waiting for providers.",
    buckets=(0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.25, 1),
)
TOKENS = Counter(
    "cascadeproxy_tokens_total",
    "Tokens providers reported; direction is input, output, cache_read or cache_write.",
    ["role", "direction", "simulated"],
)
COST_USD = Counter(
    "cascadeproxy_cost_usd_total",
    "What calls cost, in US dollars, of decisions whose cost and baseline are known.",
    ["role", "simulated"],
)
BASELINE_USD = Counter(
    "cascadeproxy_baseline_usd_total",
    "What the verifier alone would have cost, in US dollars, for the same decisions.",
    ["simulated"],
)
UNKNOWN_COST = Counter(
    "cascadeproxy_unknown_cost_total",
    "Decisions whose cost or baseline is not known: in neither counter of dollars.",
    ["simulated"],
)
CONFIDENCE = Histogram(
    "cascadeproxy_confidence",
    "Confidence in judged drafts.",
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
)
DECISIONS_LOST = Counter(
    "cascadeproxy_decisions_lost_total",
    "Decisions that could not be written to the journal.",
)
TEXTS_LOST = Counter(
    "cascadeproxy_texts_lost_total",
    "Texts that a rule was to keep and that were not kept; their decisions were.",
)
LABELS_LOST = Counter(
    "cascadeproxy_labels_lost_total",
    "Labels of drafts that could not be written to the journal.",
)
SHADOW_DROPPED = Counter(
    "cascadeproxy_shadow_dropped_total",
    "Shadow evaluations that were due and given up: too many waited, or we stopped.",
)
STATE_ERRORS = Counter(
    "cascadeproxy_state_errors_total",
    "Times the state shared by workers could not be used.",
)
REFUSED = Counter(
    "cascadeproxy_refused_total",
    "Requests refused by a limit of their key, by the limit. They are no decisions.",
    ["limit"],
)
BREAKER_OPENINGS = Counter(
    "cascadeproxy_breaker_openings_total",
    "Times the circuit breaker of a model opened.",
    ["provider", "model"],
)


class NameLimit:
    """Lets the first `limit` different names through; later ones are `other`."""

    def __init__(self, limit: int = MAX_NAMES) -> None:
        self._limit = limit
        self._names: set[str] = set()

    def __call__(self, name: str) -> str:
        """Return the label to use for `name`."""
        if name in self._names:
            return name
        if len(self._names) >= self._limit:
            return OTHER
        self._names.add(name)
        return name


class _CallCounters(NamedTuple):
    """The counters of one role, bound to their labels."""

    input_tokens: Counter
    output_tokens: Counter
    cache_read_tokens: Counter
    cache_write_tokens: Counter
    cost_usd: Counter


rule_label = NameLimit()
_reason_label = NameLimit()
model_label = NameLimit()


def observe(record: DecisionRecord) -> None:
    """Count a decision. Makes no query; labels are bound once and remembered.

    Like the other counts here it raises nothing when no metrics file can be written.
    """
    with _harmless():
        _observe(record)


def count(counter: Counter) -> None:
    """Count one more in a counter without labels."""
    with _harmless():
        counter.inc()


def count_opening(provider: str, model: str) -> None:
    """Count that the circuit breaker of a model opened."""
    with _harmless():
        BREAKER_OPENINGS.labels(provider, model_label(model)).inc()


@contextmanager
def _harmless() -> Iterator[None]:
    """Let no answer fail because of a count.

    A new label may make the file of this process's metrics grow, which a full disk
    refuses with OSError; from then on the file is shorter than it is taken to be.
    """
    try:
        yield
    except (OSError, ValueError, IndexError) as problem:
        _complain(repr(problem))


@lru_cache(maxsize=8)
def _complain(problem: str) -> None:
    """Log a problem, once."""
    logger.warning("Some counts for Prometheus are missing: %s", problem)


def _observe(record: DecisionRecord) -> None:
    simulated = "true" if record.simulated else "false"
    status_class = f"{record.status // 100}xx"
    if record.outcome == "shadow":  # no request, but money
        _observe_money(record, simulated)
        for call in record.calls:
            _observe_call(call, simulated)
        return
    rule = rule_label(record.rule)
    _requests(rule, record.outcome, status_class, simulated).inc()
    if record.aborted:
        ABORTED.inc()
    if record.outcome == "account":  # uploads and downloads are no answers of models
        return
    if record.rule and record.reason:
        DRAFTS_NOT_RETURNED.labels(_reason_label(record.reason)).inc()
    _observe_times(record)
    _observe_money(record, simulated)
    if record.confidence is not None:
        CONFIDENCE.observe(record.confidence)
    for call in record.calls:
        _observe_call(call, simulated)


def _observe_times(record: DecisionRecord) -> None:
    OVERHEAD_SECONDS.observe(record.overhead_us / 1e6)
    if record.first_byte_ms is not None:
        FIRST_BYTE_SECONDS.observe(record.first_byte_ms / 1e3)


def _observe_money(record: DecisionRecord, simulated: str) -> None:
    """Both sides or neither: a cost without its baseline would look like a loss."""
    if record.cost_nusd is None or record.baseline_nusd is None:
        UNKNOWN_COST.labels(simulated).inc()
        return
    if record.baseline_nusd:
        _baseline(simulated).inc(record.baseline_nusd / NUSD_PER_USD)
    for call in record.calls:
        if call.cost_nusd:
            cost_usd = _call_counters(call.role, simulated).cost_usd
            cost_usd.inc(call.cost_nusd / NUSD_PER_USD)


def _observe_call(call: CallRecord, simulated: str) -> None:
    if call.role != "spare":  # nobody waited for it
        _upstream(call.role, model_label(call.model)).observe(call.duration_ms / 1e3)
    if call.usage is not None:
        _count_tokens(_call_counters(call.role, simulated), call.usage)


def _count_tokens(counters: _CallCounters, usage: Usage) -> None:
    writes = usage.cache_write_5m_tokens + usage.cache_write_1h_tokens
    counters.input_tokens.inc(usage.input_tokens)
    counters.output_tokens.inc(usage.output_tokens)
    if usage.cache_read_tokens:
        counters.cache_read_tokens.inc(usage.cache_read_tokens)
    if writes:
        counters.cache_write_tokens.inc(writes)


@lru_cache(maxsize=4096)
def _requests(rule: str, outcome: str, status_class: str, simulated: str) -> Counter:
    return REQUESTS.labels(rule, outcome, status_class, simulated)


@lru_cache(maxsize=1024)
def _upstream(role: str, model: str) -> Histogram:
    return UPSTREAM_SECONDS.labels(role, model)


@lru_cache(maxsize=2)
def _baseline(simulated: str) -> Counter:
    return BASELINE_USD.labels(simulated)


@lru_cache(maxsize=16)
def _call_counters(role: str, simulated: str) -> _CallCounters:
    return _CallCounters(
        TOKENS.labels(role, "input", simulated),
        TOKENS.labels(role, "output", simulated),
        TOKENS.labels(role, "cache_read", simulated),
        TOKENS.labels(role, "cache_write", simulated),
        COST_USD.labels(role, simulated),
    )
