"""`manage.py replay`: what recorded decisions tell of another threshold."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from metrics import periods, reports, rollups, rule_reports, what_if
from metrics.types import BINS
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db
ESCALATED = {
    "outcome": "escalated",
    "reason": "low_confidence",
    "cost_nusd": 11_000_000,
    "baseline_nusd": 10_730_000,
}


@pytest.fixture
def traffic(load):
    """Decisions of all kinds, judged at 0.7, on the last three days."""
    now = timezone.now() - timedelta(seconds=1)
    records = [
        {"confidence": 0.29 + n / 50, **({} if n > 20 else ESCALATED)}
        for n in range(36)
    ]
    records += [
        {**ESCALATED, "reason": "veto:empty", "confidence": 0.0},
        {**ESCALATED, "reason": "draft_timeout", "confidence": None},
        {"outcome": "pass_through", "confidence": None},
        {"cost_nusd": None, "confidence": 0.75},
        {**ESCALATED, "baseline_nusd": None, "confidence": 0.55},
        {"simulated": True, "confidence": 0.75},
        {"rule": "second", "confidence": 0.75},
    ]
    load(
        *(
            make_record(
                **{
                    "decision_id": make_id(n + 1),
                    "started_at": now - timedelta(days=n % 3),
                    **changes,
                }
            )
            for n, changes in enumerate(records)
        )
    )
    rollups.fold()


def replay(capsys, threshold, *options):
    arguments = ["--rule", "default", "--threshold", str(threshold), *options]
    call_command("replay", *arguments)
    return capsys.readouterr().out


def total(capsys, threshold, kind="real_money"):
    told = msgspec.json.decode(replay(capsys, threshold, "--json"))
    return told[kind]["total"]


def test_at_the_threshold_that_held_it_is_what_happened(traffic, capsys):
    told = total(capsys, 0.7)
    period = periods.last_days(30)
    happened = reports.total(reports.rule_by_day("default", period)[False])
    assert (told["gained"], told["lost"]) == (0, 0)
    for then, was in (
        ("then_cost_nusd", happened.cost_nusd),
        ("then_saving_nusd", happened.saving_nusd),
        ("then_accepted", happened.accepted),
        ("decisions", happened.decisions),
        ("unknown", happened.unknown_cost),
    ):
        assert told[then] == was


@pytest.mark.parametrize("percent", [0, 29, 30, 57, 70, 75, 85, 99])
def test_the_slider_says_the_same_on_the_border_of_a_bin(traffic, capsys, percent):
    told = total(capsys, percent / BINS)
    period = periods.last_days(30)
    happened = reports.total(reports.rule_by_day("default", period)[False])
    basis = rule_reports.basis("default", period, happened, simulated=False)
    outlook = what_if.outlook(basis, percent)
    assert told["then_cost_nusd"] == outlook.cost_nusd
    assert told["then_saving_nusd"] == outlook.saving_nusd
    assert told["then_accepted"] == outlook.accepted
    assert (told["gained"], told["lost"]) == (outlook.gained, outlook.lost)


def test_between_borders_it_looks_at_each_decision(traffic, capsys):
    assert total(capsys, 0.7101)["lost"] == total(capsys, 0.71)["lost"] + 1


def test_simulated_money_stands_apart(traffic, capsys):
    assert total(capsys, 0.9, "simulated_money")["lost"] == 1
    text = replay(capsys, 0.9)
    assert "Real money:" in text
    assert "Simulated money:" in text


def test_it_says_what_no_record_can_tell(traffic, capsys):
    text = replay(capsys, 0.9)
    assert "estimated baseline: nobody asked the verifier" in text
    assert "2 decisions of unknown cost or baseline" in text
    assert "1 of them would change sides" in text
    assert msgspec.json.decode(replay(capsys, 0.9, "--json"))["cannot_be_known"]


def test_a_rule_that_decided_nothing_is_an_error():
    with pytest.raises(CommandError, match="The rule 'nobody' decided nothing"):
        call_command("replay", "--rule", "nobody", "--threshold", "0.5")


@pytest.mark.parametrize("threshold", ["1.1", "-0.1", "nan"])
def test_a_threshold_lies_between_0_and_1(threshold):
    with pytest.raises(CommandError, match="between 0 and 1"):
        call_command("replay", "--rule", "default", f"--threshold={threshold}")


def test_the_days_are_a_number_we_can_do():
    with pytest.raises(CommandError, match="--days"):
        call_command("replay", "--rule", "a", "--threshold", "0.5", "--days", "0")
