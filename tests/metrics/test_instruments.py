import pytest
from prometheus_client import REGISTRY

from metrics import instruments
from metrics.instruments import OTHER, NameLimit
from metrics.types import Usage
from tests.metrics.builders import make_call, make_record


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def moved():
    """How far a sample moves when a record is observed."""

    def measure(record, name, **labels):
        before = value(name, **labels)
        instruments.observe(record)
        return round(value(name, **labels) - before, 9)

    return measure


@pytest.mark.parametrize(
    ("name", "labels", "by"),
    [
        (
            "cascadeproxy_requests_total",
            {"rule": "default", "outcome": "accepted", "status_class": "2xx"},
            1,
        ),
        ("cascadeproxy_tokens_total", {"role": "draft", "direction": "input"}, 1200),
        ("cascadeproxy_tokens_total", {"role": "draft", "direction": "output"}, 300),
        ("cascadeproxy_cost_usd_total", {"role": "draft"}, 0.00027),
        ("cascadeproxy_baseline_usd_total", {}, 0.0108),
    ],
)
def test_simulated_money_is_counted_apart(moved, name, labels, by):
    for simulated in (False, True):
        own, other = str(simulated).lower(), str(not simulated).lower()
        record = make_record(simulated=simulated)
        assert moved(record, name, **labels, simulated=own) == by
        assert moved(record, name, **labels, simulated=other) == 0


@pytest.mark.parametrize(
    ("name", "labels", "by"),
    [
        ("cascadeproxy_overhead_seconds_sum", {}, 0.0009),
        ("cascadeproxy_time_to_first_byte_seconds_sum", {}, 0.845),
        ("cascadeproxy_confidence_sum", {}, 0.85),
        (
            "cascadeproxy_upstream_duration_seconds_sum",
            {"role": "draft", "model": "draft-small"},
            0.84,
        ),
        ("cascadeproxy_aborted_total", {}, 0),
    ],
)
def test_durations_are_in_seconds(moved, name, labels, by):
    assert moved(make_record(), name, **labels) == by


def test_what_is_unknown_is_counted_as_unknown(moved):
    record = make_record(cost_nusd=None, confidence=None, first_byte_ms=None)
    assert moved(record, "cascadeproxy_unknown_cost_total", simulated="false") == 1
    assert moved(record, "cascadeproxy_baseline_usd_total", simulated="false") == 0
    assert moved(record, "cascadeproxy_confidence_count") == 0
    assert moved(record, "cascadeproxy_time_to_first_byte_seconds_count") == 0


@pytest.mark.parametrize("unknown", ["cost_nusd", "baseline_nusd"])
def test_a_cost_is_not_counted_without_its_baseline(moved, unknown):
    record = make_record(**{unknown: None})
    labels = {"role": "draft", "simulated": "false"}
    assert moved(record, "cascadeproxy_cost_usd_total", **labels) == 0
    assert moved(record, "cascadeproxy_baseline_usd_total", simulated="false") == 0
    assert moved(record, "cascadeproxy_unknown_cost_total", simulated="false") == 1
    assert (
        moved(record, "cascadeproxy_tokens_total", direction="input", **labels) == 1200
    )


def test_cached_tokens_have_directions_of_their_own(moved):
    usage = Usage(cache_read_tokens=5, cache_write_5m_tokens=2, cache_write_1h_tokens=1)
    record = make_record(calls=(make_call(usage=usage), make_call(usage=None)))
    labels = {"role": "draft", "simulated": "false"}
    name = "cascadeproxy_tokens_total"
    assert moved(record, name, direction="cache_read", **labels) == 5
    assert moved(record, name, direction="cache_write", **labels) == 3


def test_an_aborted_request_is_counted(moved):
    assert moved(make_record(aborted=True), "cascadeproxy_aborted_total") == 1


def test_names_clients_make_up_do_not_become_labels_without_end():
    limit = NameLimit(2)
    assert [limit(n) for n in ("a", "b", "c", "a")] == ["a", "b", OTHER, "a"]


@pytest.mark.parametrize(
    ("name", "labels", "by"),
    [
        (
            "cascadeproxy_requests_total",
            {"rule": "", "outcome": "account", "status_class": "2xx"},
            1,
        ),
        ("cascadeproxy_unknown_cost_total", {}, 0),
        ("cascadeproxy_baseline_usd_total", {}, 0),
    ],
)
def test_an_account_endpoint_is_a_request_and_no_money(moved, name, labels, by):
    record = make_record(outcome="account", rule="", calls=(), cost_nusd=None)
    assert moved(record, name, **labels, simulated="false") == by


def test_an_upload_or_download_is_no_time_of_ours(moved):
    record = make_record(outcome="account")
    assert moved(record, "cascadeproxy_overhead_seconds_count") == 0
    assert moved(record, "cascadeproxy_time_to_first_byte_seconds_count") == 0


@pytest.mark.parametrize(
    ("rule", "reason", "by"),
    [("default", "veto:empty", 1), ("default", "", 0), ("", "veto:empty", 0)],
)
def test_a_draft_that_is_not_returned_is_counted_by_its_reason(moved, rule, reason, by):
    record = make_record(outcome="escalated", rule=rule, reason=reason)
    name = "cascadeproxy_drafts_not_returned_total"
    assert moved(record, name, reason="veto:empty") == by


@pytest.mark.parametrize(
    "refused", [OSError(28, "No space left on device"), ValueError("mmap slice")]
)
def test_a_metrics_file_that_cannot_grow_fails_no_answer(monkeypatch, refused):
    def refuse(*_args):
        raise refused

    for counter in (instruments.DECISIONS_LOST, instruments.STATE_ERRORS):
        monkeypatch.setattr(counter, "inc", refuse)
    monkeypatch.setattr(instruments, "_requests", refuse)
    monkeypatch.setattr(instruments.BREAKER_OPENINGS, "labels", refuse)
    instruments.observe(make_record())
    instruments.count(instruments.DECISIONS_LOST)
    instruments.count(instruments.STATE_ERRORS)
    instruments.count_opening("anthropic", "verifier-large")
