"""`manage.py simulate_savings`: from a file of decisions, or from those recorded."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _traffic(load):
    now = timezone.now() - timedelta(seconds=1)
    escalated = {
        "outcome": "escalated",
        "reason": "low_confidence",
        "confidence": 0.5,
        "cost_nusd": 11_070_000,
        "rule": "second",
    }
    load(
        make_record(decision_id=make_id(1), started_at=now),
        make_record(decision_id=make_id(2), started_at=now, **escalated),
        make_record(decision_id=make_id(3), started_at=now, baseline_nusd=None),
        make_record(decision_id=make_id(4), started_at=now, simulated=True),
        make_record(
            decision_id=make_id(5), started_at=now, outcome="account", endpoint="files"
        ),
    )


@pytest.fixture
def exported(admin_client, tmp_path):
    answer = admin_client.get("/reports/decisions.jsonl", {"simulated": "all"})
    file = tmp_path / "decisions.jsonl"
    file.write_bytes(answer.getvalue())
    return str(file)


def simulate(capsys, *options):
    call_command("simulate_savings", *options)
    return capsys.readouterr().out


def figures(capsys, *options):
    told = msgspec.json.decode(simulate(capsys, "--json", *options))
    return {name: told[name] for name in ("real_money", "simulated_money")}


@pytest.mark.parametrize("threshold", [(), ("--threshold", "0.4")])
def test_a_file_and_the_database_tell_the_same(capsys, exported, threshold):
    of_file = figures(capsys, exported, *threshold)
    assert of_file == figures(capsys, "--days", "2", *threshold)
    assert of_file["real_money"]["total"]["decisions"] == 3


def test_each_rule_and_all_of_them_are_told(capsys):
    told = figures(capsys, "--days", "2", "--threshold", "0.4")["real_money"]
    rules = {rule["rule"]: rule for rule in told["rules"]}
    assert rules["second"]["gained"] == 1
    assert rules["second"]["then_saving_nusd"] == 10_800_000 - 270_000
    assert told["total"]["then_saving_nusd"] == 2 * (10_800_000 - 270_000)


def test_without_a_threshold_it_is_as_it_was(capsys):
    text = simulate(capsys, "--days", "2")
    assert "as it was" in text
    assert "would" not in text
    assert "1 decisions of unknown cost or baseline are in no sum of money." in text


def test_kinds_of_money_stand_apart(capsys):
    text = simulate(capsys, "--days", "2")
    assert text.index("Real money:") < text.index("Simulated money:")
    assert text.count("\nall ") == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"rule": "a"}\n', "line 1: Object missing required field"),
        ("\nnonsense\n", "line 2: JSON is malformed"),
        (b"\xff\n", "line 1: "),
        ('{"rule": 7}\n', "line 1: Expected `str`, got `int`"),
        ("[" * 2_000_000, "line 1: too long for a decision"),
    ],
)
def test_what_is_no_export_is_refused_with_its_line(tmp_path, content, words):
    file = tmp_path / "bad.jsonl"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CommandError, match=words):
        call_command("simulate_savings", str(file))


def test_an_outcome_there_is_not_is_refused(exported, tmp_path):
    file = tmp_path / "odd.jsonl"
    with open(exported, encoding="utf-8") as lines:
        file.write_text(lines.read().replace('"accepted"', '"served"'))
    with pytest.raises(CommandError, match="there is no outcome 'served'"):
        call_command("simulate_savings", str(file))


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("simulate_savings", str(tmp_path / "none.jsonl"))


def test_a_file_without_decisions_is_an_error(tmp_path):
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(CommandError, match="There are no decisions"):
        call_command("simulate_savings", str(tmp_path / "empty.jsonl"))


@pytest.mark.parametrize("options", [(), ("x.jsonl", "--days", "3")])
def test_one_source_is_named(options):
    with pytest.raises(CommandError, match="Name a FILE, or the last days"):
        call_command("simulate_savings", *options)
