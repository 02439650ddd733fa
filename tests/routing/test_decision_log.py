"""What came of a request, as a record and in words."""

from __future__ import annotations

import dataclasses
import logging

import pytest

from metrics import instruments, lines
from metrics.caching import Cached, Caches
from routing import decision_log
from routing.decision_log import Decision
from routing.decision_words import in_words
from routing.errors import UpstreamUnreachable
from routing.outcome import Outcome
from routing.types import Call, CascadePlan, Recalled, Target
from routing.verdicts import Signal, Verdict
from tests.builders import (
    DRAFT,
    VERIFIER,
    make_plan,
    make_request,
    make_target,
    make_usage,
)
from tests.metrics.builders import make_record
from tests.routing.builders import (
    GLOBEX,
    make_prices,
    make_provider,
    make_snapshot,
)

PLAN = make_plan()
PASS_THROUGH = Outcome(kind="pass_through", plan=CascadePlan(verifier=make_target()))
VERDICT = Verdict(
    confidence=0.85, threshold=0.7, signals=(Signal(name="length", value=0.4),)
)
ACCEPTED = Outcome(kind="accepted", plan=PLAN, verdict=VERDICT, answered_by_draft=True)
ESCALATED = Outcome(
    kind="escalated",
    plan=PLAN,
    reason="low_confidence",
    verdict=Verdict(
        confidence=0.45, threshold=0.7, signals=(), reason="low_confidence"
    ),
)
# Of 20 input and 10 output tokens.
DRAFT_NUSD = 70_000
VERIFIER_NUSD = 700_000


def call(role="draft", **changes):
    values = {
        "role": role,
        "target": make_target(DRAFT if role == "draft" else VERIFIER),
        "status": 200,
        "usage": make_usage(20, 10),
        "duration_ms": 12.4,
    }
    return Call(**values | changes)


@pytest.fixture
def close(decisions):
    """Closes a decision about an outcome; returns its record, as written down."""

    def close(outcome, *calls, status=200, snapshot=None, **options):
        decision = Decision(GLOBEX, snapshot or make_snapshot())
        fields = options.pop("fields", {})
        request = make_request(stream=options.pop("stream", False), **fields)
        decision.close(request, outcome, status=status, calls=calls, **options)
        assert decisions() == [lines.decode(lines.encode(decision.record))]
        return decision.record

    return close


def test_records_an_accepted_draft_and_what_the_verifier_would_have_cost(close):
    record = close(ACCEPTED, call())
    assert (record.outcome, record.reason) == ("accepted", "")
    assert (record.served_model, record.draft_model) == (DRAFT, DRAFT)
    assert (record.requested_model, record.verifier_model) == (VERIFIER, VERIFIER)
    assert (record.rule, record.threshold, record.confidence) == ("default", 0.7, 0.85)
    assert record.signals == {"length": 0.4}
    assert (record.cost_nusd, record.baseline_nusd) == (DRAFT_NUSD, VERIFIER_NUSD)
    assert record.saving_nusd == VERIFIER_NUSD - DRAFT_NUSD
    assert (record.status, record.stream, record.aborted) == (200, False, False)


def test_records_an_escalation_as_a_loss(close):
    record = close(ESCALATED, call(), call("verifier"))
    assert (record.outcome, record.reason) == ("escalated", "low_confidence")
    assert record.served_model == VERIFIER
    assert record.cost_nusd == DRAFT_NUSD + VERIFIER_NUSD
    assert record.saving_nusd == -DRAFT_NUSD
    assert [c.role for c in record.calls] == ["draft", "verifier"]
    assert record.calls[0].duration_ms == 12


def test_records_a_pass_through_as_no_saving(close):
    record = close(PASS_THROUGH, call("verifier"))
    assert (record.outcome, record.rule, record.draft_model) == ("pass_through", "", "")
    assert (record.threshold, record.confidence, record.signals) == (None, None, {})
    assert (record.cost_nusd, record.saving_nusd) == (VERIFIER_NUSD, 0)


def test_records_a_verifier_that_was_left_as_if_it_had_answered(close):
    left = call("spare", status=None, usage=None, cut_off=True, duration_ms=0.0)
    record = close(ACCEPTED, call(), left)
    assert [c.role for c in record.calls] == ["draft", "spare"]
    assert record.cost_nusd == DRAFT_NUSD + VERIFIER_NUSD
    assert (record.baseline_nusd, record.saving_nusd) == (VERIFIER_NUSD, -DRAFT_NUSD)


def test_says_how_the_baseline_came_about(close):
    assert close(ACCEPTED, call()).baseline_basis == "estimate:cold"


def test_reckons_with_what_drafts_let_go_cold(close):
    warm = Cached(
        tokens=4_000, at=0.0, ttl_s=300.0, prompt_tokens=4_000, estimated_tokens=4_000
    )
    recalled = Recalled(caches=Caches(now=20.0, alone=warm))
    outcome = dataclasses.replace(ESCALATED, recalled=recalled)
    cold = call("verifier", usage=make_usage(0, 0, cache_write_5m=4_000))
    record = close(outcome, call(), cold)
    assert record.baseline_basis == "verifier:warm"
    assert record.calls[1].cost_nusd == 4_000 * 12_500
    assert record.baseline_nusd == 4_000 * 1_000


def test_keeps_the_estimate_where_the_truth_is_known(close):
    record = close(ESCALATED, call(), call("verifier", usage=make_usage(20, 12)))
    assert record.baseline_basis == "verifier"
    assert (record.estimate_nusd, record.baseline_nusd) == (VERIFIER_NUSD, 800_000)


def test_copies_who_asked(close):
    record = close(PASS_THROUGH, call("verifier"), stream=True)
    assert (record.key_name, record.key_prefix, record.tag) == (
        GLOBEX.name,
        GLOBEX.prefix,
        GLOBEX.tag,
    )
    assert record.stream


def used(**changes):
    return dataclasses.replace(make_usage(20, 10), **changes)


@pytest.mark.parametrize(
    "usage",
    [
        used(tariff="batch"),
        used(tariff="us"),
        used(web_searches=1),
        used(unpriced="advisor_message"),
    ],
)
def test_what_nobody_priced_makes_cost_and_baseline_unknown(close, usage):
    record = close(PASS_THROUGH, call("verifier", usage=usage))
    assert record.calls[0].usage == usage
    assert (record.cost_nusd, record.baseline_nusd) == (None, None)


@pytest.mark.parametrize(("tariff", "cost_nusd"), [("fast", VERIFIER_NUSD), ("", None)])
def test_a_tariff_is_charged_at_its_own_price(close, tariff, cost_nusd):
    snapshot = make_snapshot(prices=make_prices(VERIFIER, tariff="fast"))
    asked = call("verifier", usage=used(tariff=tariff))
    assert close(PASS_THROUGH, asked, snapshot=snapshot).cost_nusd == cost_nusd


@pytest.mark.parametrize(
    ("tariff", "cost_nusd"), [("", None), ("us", None), ("fast", VERIFIER_NUSD)]
)
def test_who_asked_to_be_fast_and_was_not_told_so_has_an_unknown_cost(
    close, tariff, cost_nusd
):
    snapshot = make_snapshot(prices=make_prices(VERIFIER, tariff=tariff))
    asked = call("verifier", usage=used(tariff=tariff))
    options = {"snapshot": snapshot, "fields": {"speed": "fast"}}
    assert close(PASS_THROUGH, asked, **options).cost_nusd == cost_nusd


@pytest.mark.parametrize(("searches", "copied"), [(2, 10_000_000), (0, None)])
def test_a_search_is_charged_and_its_price_copied_where_there_was_one(
    close, searches, copied
):
    prices = make_prices(VERIFIER, web_search_nusd=10_000_000)
    asked = call("verifier", usage=used(web_searches=searches))
    record = close(PASS_THROUGH, asked, snapshot=make_snapshot(prices=prices))
    assert record.cost_nusd == VERIFIER_NUSD + searches * 10_000_000
    assert record.calls[0].price.web_search_nusd == copied


def test_nobody_served_when_the_error_is_ours(close):
    outcome = Outcome(
        kind="pass_through", plan=PASS_THROUGH.plan, error=UpstreamUnreachable("no")
    )
    record = close(outcome, call("verifier", status=None, usage=None), status=502)
    assert (record.served_model, record.status) == ("", 502)
    assert (record.cost_nusd, record.baseline_nusd) == (0, 0), "it cost nothing"


def test_nobody_served_a_client_that_left(close):
    outcome = Outcome(kind="escalated", plan=PLAN, gone=True)
    cut_off = call(status=None, usage=None, cut_off=True)
    record = close(outcome, cut_off, status=499, aborted=True)
    assert (record.served_model, record.aborted) == ("", True)
    assert (record.cost_nusd, record.baseline_nusd) == (None, None)
    assert record.first_byte_ms is None
    assert record.overhead_us >= 0


@pytest.mark.parametrize(
    ("changes", "cost_nusd"),
    [
        ({}, VERIFIER_NUSD),
        ({"usage": None}, None),
        ({"usage": None, "status": 529}, 0),
        ({"usage": None, "status": None}, 0),
        ({"usage": None, "status": None, "cut_off": True}, None),
        ({"usage": make_usage(1, 0), "cut_off": True}, 10_000),
        ({"target": make_target("unpriced")}, None),
        ({"target": make_target("unpriced"), "usage": None, "status": 500}, 0),
    ],
)
def test_a_cost_that_is_not_known_is_not_nothing(close, changes, cost_nusd):
    record = close(PASS_THROUGH, call("verifier", **changes))
    assert record.calls[0].cost_nusd == cost_nusd
    assert record.cost_nusd == cost_nusd


def test_a_verifier_of_unknown_price_leaves_the_baseline_open(close):
    snapshot = make_snapshot(prices=make_prices(DRAFT))
    record = close(ACCEPTED, call(), snapshot=snapshot)
    assert (record.cost_nusd, record.baseline_nusd) == (DRAFT_NUSD, None)
    assert record.saving_nusd is None


@pytest.mark.parametrize("kind", ["anthropic", "simulator"])
def test_marks_what_a_simulator_took_part_in(close, kind):
    provider = make_provider("main", kind=kind)
    play = call(target=Target(provider=provider, model=DRAFT))
    record = close(ESCALATED, play, call("verifier"))
    assert record.simulated is (kind == "simulator")


def test_closes_once(decisions):
    decision = Decision(GLOBEX, make_snapshot())
    request = make_request()
    decision.close(request, ACCEPTED, status=200, calls=(call(),))
    first = decision.record
    decision.close(request, ACCEPTED, status=200, calls=(), aborted=True)
    assert decision.record is first
    assert len(decisions()) == 1


def test_counts_the_decision_in_the_instruments(close):
    before = _value(outcome="accepted")
    close(ACCEPTED, call())
    assert _value(outcome="accepted") == before + 1


def _value(outcome):
    labels = ("default", outcome, "2xx", "false")
    return instruments.REQUESTS.labels(*labels)._value.get()


@pytest.mark.usefixtures("decisions")
def test_the_time_we_took_leaves_out_the_wait_for_providers(monkeypatch):
    clock = iter([100.0, 100.25, 100.25, 100.5])
    monkeypatch.setattr(decision_log.time, "monotonic", lambda: next(clock))
    decision = Decision(GLOBEX, make_snapshot())
    decision.answering(upstream_ms=240.0)
    decision.answering(upstream_ms=0.0)
    decision.close(make_request(), PASS_THROUGH, status=200, calls=())
    record = decision.record
    assert (record.first_byte_ms, record.total_ms) == (250, 500)
    assert record.overhead_us == pytest.approx(10_000, abs=1)


def test_the_time_we_took_is_never_negative(close):
    record = close(PASS_THROUGH, call("verifier", duration_ms=1e6))
    assert record.overhead_us == 0
    assert record.first_byte_ms is not None


# --- In words -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (
            {"cost_nusd": 42, "baseline_nusd": 100},
            "draft accepted (confidence 0.85), saved 58 %",
        ),
        (
            {"cost_nusd": None},
            "draft accepted (confidence 0.85)",
        ),
        (
            {"baseline_nusd": 0},
            "draft accepted (confidence 0.85)",
        ),
        (
            {
                "outcome": "escalated",
                "reason": "low_confidence",
                "confidence": 0.45,
                "cost_nusd": None,
            },
            "escalated (0.45 < 0.70)",
        ),
        (
            {
                "outcome": "escalated",
                "reason": "low_confidence",
                "confidence": 0.45,
                "cost_nusd": 108,
                "baseline_nusd": 100,
            },
            "escalated (0.45 < 0.70), lost 8 %",
        ),
        (
            {"outcome": "escalated", "reason": "veto:empty", "baseline_nusd": None},
            "escalated (veto:empty)",
        ),
        (
            {
                "outcome": "escalated",
                "reason": "draft_error",
                "baseline_nusd": None,
                "status": 529,
            },
            "escalated (draft_error), status 529",
        ),
        ({"outcome": "pass_through", "rule": ""}, "pass-through"),
        (
            {
                "outcome": "pass_through",
                "reason": "not_eligible:prefill",
                "cost_nusd": 100,
                "baseline_nusd": 100,
            },
            "pass-through (not_eligible:prefill), saved 0 %",
        ),
        (
            {"outcome": "pass_through", "rule": "", "status": 502},
            "pass-through, status 502",
        ),
        (
            {"aborted": True, "status": 499, "baseline_nusd": None},
            "client gone",
        ),
    ],
)
def test_says_what_happened_as_a_person_would(record, words):
    assert in_words(make_record(**record)) == words


@pytest.mark.usefixtures("decisions")
def test_logs_one_line_with_fields_and_nothing_a_client_wrote(caplog):
    request = make_request("a secret question", metadata={"user_id": "secret"})
    decision = Decision(GLOBEX, make_snapshot())
    with caplog.at_level(logging.INFO, logger="routing"):
        decision.close(request, ACCEPTED, status=200, calls=(call(),))
    (line,) = caplog.records
    assert line.getMessage() == (
        "verifier-large: draft accepted (confidence 0.85), saved 90 %"
    )
    assert line.fields["decision_id"] == decision.id
    assert line.fields["tokens"] == {"draft": [20, 10]}
    assert (line.fields["cost_nusd"], line.fields["key"]) == (DRAFT_NUSD, "globex")
    assert "secret" not in str(line.fields)


@pytest.mark.usefixtures("decisions")
def test_logs_nothing_where_nobody_listens(caplog):
    with caplog.at_level(logging.WARNING, logger="routing"):
        Decision(GLOBEX, make_snapshot()).close(
            make_request(), PASS_THROUGH, status=200, calls=()
        )
    assert caplog.records == []


def test_a_draft_that_was_left_is_no_measure_of_the_estimate(close):
    record = close(ESCALATED, call(cut_off=True), call("verifier"))
    assert record.estimate_nusd is None
