from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from metrics import demo, demo_checks, demo_judging, price_book, price_snapshot
from metrics.baseline import baseline_of, total_cost_nusd
from metrics.caching import NOTHING_CACHED
from metrics.label_models import Label
from metrics.models import RoutingDecision
from metrics.stakes import NO_STAKES
from routing.quality.deciding import LOW_CONFIDENCE
from routing.quality.vetoes import VETOES
from tests.metrics.builders import make_record

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)


@pytest.fixture
def prices():
    price_snapshot.load(price_snapshot.read())
    return price_book.load()


@pytest.fixture
def traffic(prices):
    def make(**changes):
        values = {"days": 14, "per_day": 150, "seed": 7, "now": NOW}
        return list(demo.traffic(prices=prices, **values | changes))

    return make


def test_the_same_seed_makes_the_same_traffic(traffic):
    assert traffic() == traffic()
    assert traffic() != traffic(seed=8)


def test_tomorrow_only_adds_to_it(traffic):
    tomorrow = NOW.replace(day=24)
    first = {record.decision_id: record for record in traffic()}
    second = {record.decision_id: record for record in traffic(now=tomorrow, days=15)}
    assert first.items() <= second.items()


def test_everything_an_operator_can_see_happens(traffic):
    records = traffic()
    assert {r.outcome for r in records} == {"accepted", "escalated", "pass_through"}
    assert {reason for reason, _ in demo_judging.REASONS} <= {r.reason for r in records}
    assert {200, 499, 529} == {r.status for r in records}
    assert any(r.aborted for r in records)
    assert any(c.usage and c.usage.cache_read_tokens for r in records for c in r.calls)
    assert any(r.saving_nusd < 0 for r in records)
    assert any(r.saving_nusd > 0 for r in records)


def test_its_reasons_are_reasons_the_product_gives():
    vetoes = {f"veto:{name}" for name, _ in VETOES}
    assert {r for r, _ in demo_judging.REASONS} <= vetoes | {
        LOW_CONFIDENCE,
        "draft_error",
        "draft_timeout",
    }


def test_it_is_marked_and_its_money_is_reckoned_like_any(traffic):
    for record in traffic():
        assert record.simulated
        assert record.started_at <= NOW
        assert record.cost_nusd == total_cost_nusd(record.calls)
        if record.outcome != "accepted":
            alone = baseline_of(record.calls, NO_STAKES, NOTHING_CACHED)
            assert record.baseline_nusd == alone.nusd
        if record.confidence is not None:
            accepted = record.outcome == "accepted"
            assert (record.confidence >= record.threshold) == accepted


def test_a_first_byte_never_lies_before_the_end_of_a_draft(traffic):
    for record in traffic():
        if record.first_byte_ms is None:
            assert record.status >= 400
            continue
        drafts = [c.duration_ms for c in record.calls if c.role == "draft"]
        assert sum(drafts) <= record.first_byte_ms <= record.total_ms


def test_its_quality_is_measured_and_what_that_costs_is_counted():
    call_command("demo", "--days", "20", "--per-day", "200")
    labels = Label.objects.filter(outcome="accepted")
    shadows = RoutingDecision.objects.filter(outcome="shadow")
    assert labels.count() == shadows.count() > 20
    assert {label.probability for label in labels} == {demo_checks.SHADOW_SHARE}
    assert labels.filter(worse=True).count() < labels.count() / 4
    assert all(row.cost_nusd > 0 and row.saving_nusd < 0 for row in shadows)
    judged = RoutingDecision.objects.filter(outcome="escalated")
    assert judged.filter(estimate_nusd__gt=0).exists()


def test_the_command_run_again_adds_nothing(capsys):
    for _ in range(2):
        call_command("demo", "--days", "2", "--per-day", "40")
    first, second = capsys.readouterr().out.splitlines()
    count = RoutingDecision.objects.count()
    assert count > 0
    assert first.startswith(f"{count} simulated decisions added")
    assert second.startswith("0 simulated decisions added")
    assert not RoutingDecision.objects.filter(simulated=False).exists()


def test_requests_nobody_answered_are_no_reason_to_refuse(load):
    load(make_record(calls=(), cost_nusd=0, baseline_nusd=0, status=400))
    call_command("demo", "--days", "3", "--per-day", "20", verbosity=0)
    assert RoutingDecision.objects.filter(simulated=True).exists()


@pytest.mark.parametrize(
    "traffic_of_somebody",
    [{}, {"calls": (), "cost_nusd": None}, {"cost_nusd": 0}],
    ids=["known", "unknown", "free"],
)
def test_it_is_not_mixed_into_real_decisions_unasked(load, traffic_of_somebody):
    load(make_record(**traffic_of_somebody))
    with pytest.raises(CommandError, match="real decisions"):
        call_command("demo", "--days", "1", "--per-day", "5")
    call_command("demo", "--days", "3", "--per-day", "20", "--force", verbosity=0)
    assert RoutingDecision.objects.filter(simulated=True).exists()
