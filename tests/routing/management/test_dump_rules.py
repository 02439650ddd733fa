import pytest
from django.core.management import CommandError, call_command

from routing import defaults

pytestmark = pytest.mark.django_db


def test_what_is_dumped_can_be_loaded(tmp_path, capsys):
    defaults.load_once(rules=True)
    path = tmp_path / "rules.yaml"
    call_command("dump_rules", str(path))
    call_command("load_rules", str(path), "--prune")
    assert "0 created, 0 changed" in capsys.readouterr().out


def test_without_a_file_it_goes_to_the_console(capsys):
    defaults.load_once(rules=True)
    call_command("dump_rules")
    assert 'api_key: "${ANTHROPIC_API_KEY}"' in capsys.readouterr().out


def test_says_why_it_cannot_write(tmp_path):
    with pytest.raises(CommandError, match="Is a directory"):
        call_command("dump_rules", str(tmp_path))
