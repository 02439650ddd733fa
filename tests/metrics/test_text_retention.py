from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from metrics import text_retention
from metrics.text_models import KeptText
from tests.metrics.builders import make_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts():
    now = timezone.now()
    for days in range(10):
        KeptText.objects.create(
            decision_id=make_id(days),
            rule="even" if days % 2 == 0 else "odd",
            kept_at=now - timedelta(days=days, minutes=1),
            prompt="[]",
        )


def left():
    return sorted(KeptText.objects.values_list("decision_id", flat=True))


def ids(*numbers):
    return [make_id(n) for n in numbers]


def test_text_is_kept_no_longer_than_decisions(settings):
    settings.CASCADE_TEXT_RETENTION_DAYS = 14
    for days, kept in [(0, 14), (7, 7), (30, 14)]:
        settings.CASCADE_RETENTION_DAYS = days
        assert text_retention.days_kept() == kept


def test_what_is_old_goes_and_nothing_else(texts):
    assert text_retention.delete(text_retention.older_than(5)) == 5
    assert left() == ids(0, 1, 2, 3, 4)


def test_batches_are_bounded_and_the_oldest_go_first(texts, monkeypatch):
    monkeypatch.setattr(text_retention, "BATCH_ROWS", 2)
    old = text_retention.older_than(1)
    assert text_retention.delete(old, at_most=3) == 4
    assert left() == ids(0, 1, 2, 3, 4, 5)
    assert text_retention.delete(old) == 5


def test_the_command_does_as_the_keeper_does(texts, settings, capsys):
    settings.CASCADE_TEXT_RETENTION_DAYS = 5
    call_command("prune_texts")
    assert capsys.readouterr().out == "5 texts deleted.\n"


def test_text_goes_with_decisions_that_are_pruned(texts):
    call_command("prune_decisions", "--days", "3")
    assert left() == ids(0, 1, 2)


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (("--days", "0"), ()),
        (("--rule", "odd"), (0, 2, 4, 6, 8)),
        (("--rule", "odd", "--days", "4"), (0, 1, 2, 3, 4, 6, 8)),
        (("--decision", make_id(3)), (0, 1, 2, 4, 5, 6, 7, 8, 9)),
    ],
)
def test_an_operator_may_name_what_goes(texts, arguments, kept):
    call_command("prune_texts", *arguments)
    assert left() == ids(*kept)


def test_the_command_may_only_count(texts, capsys):
    call_command("prune_texts", "--rule", "odd", "--dry-run")
    assert capsys.readouterr().out == "5 texts; none was deleted.\n"
    assert len(left()) == 10


def test_a_number_of_days_that_is_none_is_refused():
    with pytest.raises(CommandError, match="--days: 0 to 36500"):
        call_command("prune_texts", "--days", "-1")
