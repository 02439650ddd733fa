import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from metrics import rule_stats
from metrics.stakes import Learned, RuleKey
from tests.metrics.builders import make_id, make_record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _traffic(load):
    now = timezone.now()
    load(
        make_record(decision_id=make_id(1), started_at=now),
        make_record(decision_id=make_id(2), started_at=now, rule="", cost_nusd=None),
        make_record(decision_id=make_id(3), started_at=now, simulated=True, rule="sim"),
    )


def report(capsys, *options):
    call_command("savings_report", *options)
    return capsys.readouterr().out


def test_it_is_readable(capsys):
    text = report(capsys)
    assert "real money" in text
    assert "$0.01 " in text
    assert "(no rule)" in text
    assert "1 decisions of unknown cost" in text
    assert "\nsim " not in text


def test_sums_of_nothing_known_are_unknown_and_not_zero(capsys):
    (row,) = (x for x in report(capsys).splitlines() if x.startswith("(no rule)"))
    assert row.count(" unknown") == 3
    assert "$" not in row


def test_simulated_decisions_are_hinted_at_where_they_are_not_counted(capsys):
    hint = "1 simulated decisions are not counted; --simulated shows them."
    assert hint in report(capsys)
    assert "not counted" not in report(capsys, "--simulated")


def test_json_is_exact(capsys):
    told = msgspec.json.decode(report(capsys, "--json"))
    assert told["simulated"] is False
    assert told["simulated_decisions"] == 1
    assert told["total"]["decisions"] == 2
    assert told["total"]["saving_nusd"] == 10_800_000 - 270_000
    assert {rule["rule"] for rule in told["rules"]} == {"default", ""}


def test_simulated_money_is_asked_for(capsys):
    told = msgspec.json.decode(report(capsys, "--json", "--simulated"))
    assert [rule["rule"] for rule in told["rules"]] == ["sim"]


def test_a_number_of_days_we_cannot_do_is_refused():
    with pytest.raises(CommandError, match="--days"):
        call_command("savings_report", "--days", "0")


def test_json_tells_what_was_learned_of_rules(capsys, monkeypatch):
    key = RuleKey("default", "draft-small", "verifier-large", False)
    known = Learned(escalated=1.0, error=0.04, error_samples=9)
    play = key._replace(simulated=True)
    monkeypatch.setattr(rule_stats, "load", lambda: {key: known, play: Learned()})
    (told,) = msgspec.json.decode(report(capsys, "--json"))["learned"]
    assert (told["rule"], told["draft_model"]) == ("default", "draft-small")
    assert (told["baseline_error"], told["baseline_error_samples"]) == (0.04, 9)
    assert (told["acceptance"], told["break_even"], told["paused"]) == (0, None, False)
