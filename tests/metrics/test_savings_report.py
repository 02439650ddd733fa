import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

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
    assert "$0.0108" in text
    assert "(no rule)" in text
    assert "1 decisions of unknown cost" in text
    assert "\nsim " not in text


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
