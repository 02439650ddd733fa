import pytest
from django.core.management import CommandError, call_command

from metrics import keys
from metrics.report_key_models import ReportKey

pytestmark = pytest.mark.django_db


def test_the_key_alone_is_printed_and_only_its_digest_kept(capsys):
    call_command("create_report_key", "bi", "--scope", "summary", "--scope=decisions")
    out, err = capsys.readouterr()
    key = out.strip()
    row = ReportKey.objects.get()
    assert key.startswith("cp_report_")
    assert row.digest == keys.digest(key)
    assert key.startswith(row.prefix)
    assert len(row.prefix) < len(key) / 2
    assert (row.summary, row.decisions, row.statements) == (True, True, False)
    assert "Keep it now" in err


def test_it_may_end(capsys):
    call_command(
        "create_report_key", "bi", "--scope=summary", "--expires", "2099-01-31"
    )
    assert ReportKey.objects.get().expires_at.year == 2099


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ([], "--scope"),
        (["--scope=everything"], "invalid choice"),
        (["--scope=summary", "--expires=2001-01-01"], "has passed"),
        (["--scope=summary", "--expires=soon"], "no day or moment"),
    ],
)
def test_what_cannot_be_a_key_is_refused(options, problem):
    with pytest.raises(CommandError, match=problem):
        call_command("create_report_key", "bi", *options)
    assert not ReportKey.objects.exists()


def test_a_name_is_taken_once():
    call_command("create_report_key", "bi", "--scope=summary")
    with pytest.raises(CommandError, match="already exists"):
        call_command("create_report_key", "bi", "--scope=summary")
