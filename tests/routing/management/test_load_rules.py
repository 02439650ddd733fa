import pytest
from django.core.management import CommandError, call_command

from routing.models import CascadeRule, Provider

pytestmark = pytest.mark.django_db

RULES = """
cascade_rules: [{name: only, request_model: verifier-large, draft_model: draft-small}]
api_keys: {anthropic: "${ANTHROPIC_API_KEY}"}
"""


def load(tmp_path, text: str, *options: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    call_command("load_rules", str(path), *options)


def test_loads_a_file_into_a_new_database(tmp_path, capsys):
    load(tmp_path, RULES)
    assert [rule.name for rule in CascadeRule.objects.all()] == ["only"]
    assert Provider.objects.filter(name="anthropic").exists()
    assert "1 created, 0 changed" in capsys.readouterr().out


def test_prunes_when_asked(tmp_path):
    load(tmp_path, RULES)
    load(tmp_path, RULES.replace("only", "other"), "--prune")
    assert [rule.name for rule in CascadeRule.objects.all()] == ["other"]


def test_says_what_it_did_not_load(tmp_path, capsys):
    load(tmp_path, "server: {port: 9000}\n")
    assert "proxy start --config" in capsys.readouterr().out


def test_notes_a_private_host(tmp_path, capsys):
    load(tmp_path, "providers: [{name: a, kind: anthropic, base_url: 'http://gpu:1'}]")
    assert "http://gpu:1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            RULES.replace("draft-small", "verifier-large"),
            r"rules.yaml:2: cascade_rules",
        ),
        ("auth: {api_keys: ['file:/nowhere/at/all']}", "cannot be read"),
    ],
)
def test_names_a_mistake_and_loads_nothing(tmp_path, text, said):
    with pytest.raises(CommandError, match=said):
        load(tmp_path, text)
    assert not CascadeRule.objects.exists()
