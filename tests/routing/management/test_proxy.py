import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError

from routing.models import CascadeRule, ClientKey, Provider
from routing.rules_file.parsing import parse
from routing.simulator import Simulator
from routing.startup.serving import Server

pytestmark = pytest.mark.django_db

FILE = """
server: {host: 127.0.0.1, port: 9001, workers: 3, log_level: debug}
auth: {mode: pass_through}
cascade_rules: [{name: only, request_model: verifier-large, draft_model: draft-small}]
"""


@pytest.fixture
def served(monkeypatch):
    """What would have been served; gunicorn is not started."""
    calls: list[tuple[Server, str]] = []
    monkeypatch.setattr(
        "routing.management.commands.proxy.serve", lambda *given: calls.append(given)
    )
    return calls


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "cascade.yaml"
    path.write_text(FILE)
    return str(path)


def test_init_writes_an_example_that_loads(tmp_path, capsys):
    path = tmp_path / "cascade.yaml"
    call_command("proxy", "init", str(path))
    assert parse(path.read_text(), "example").rules
    assert str(path) in capsys.readouterr().out


def test_init_never_overwrites(tmp_path):
    path = tmp_path / "cascade.yaml"
    path.write_text("mine")
    with pytest.raises(CommandError, match="exists already"):
        call_command("proxy", "init", str(path))
    assert path.read_text() == "mine"


def test_init_says_why_it_cannot_write(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("proxy", "init", str(tmp_path / "none" / "cascade.yaml"))


def test_start_serves_what_the_file_says(served, config, capsys):
    call_command("proxy", "start", "--config", config)
    ((server, _),) = served
    assert (server.port, server.workers, server.log_level) == (9001, 3, "debug")
    assert server.auth_mode == "pass_through"
    assert [rule.name for rule in CascadeRule.objects.all()] == ["only"]
    assert "Rules: 1 enabled. Auth: pass_through." in capsys.readouterr().out


def test_the_command_line_goes_before_the_file(served, config):
    call_command(
        *("proxy", "start", "--config", config, "--port", "9002", "--workers", "1"),
        *("--log-level", "error"),
    )
    ((server, _),) = served
    assert (server.port, server.workers, server.log_level) == (9002, 1, "error")


@pytest.mark.parametrize("action", ["start", "run"])
@pytest.mark.parametrize(
    ("option", "value"),
    [("--port", "0"), ("--port", "99999"), ("--workers", "0"), ("--workers", "many")],
)
def test_a_number_out_of_range_is_refused_by_name(served, action, option, value):
    with pytest.raises(CommandError, match=rf"{option}: '{value}' is no number from 1"):
        call_command("proxy", action, option, value)
    assert served == []


def test_start_without_a_file_names_the_missing_keys(served, capsys, settings):
    settings.CASCADE_PORT = 9003
    call_command("proxy", "start")
    out = capsys.readouterr().out
    assert "Rules: 2 enabled. Auth: api_key." in out
    assert "Provider anthropic: ANTHROPIC_API_KEY is missing." in out
    assert "Provider openai" not in out
    assert served[0][0].port == 9003
    assert not Provider.objects.get(name="simulator").enabled


def test_a_file_with_a_mistake_loads_nothing_and_serves_nothing(served, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(FILE + "providers: [{name: a, kind: foo}]\n")
    with pytest.raises(CommandError, match=r"bad.yaml:5: providers\[0\].kind"):
        call_command("proxy", "start", "--config", str(path))
    assert served == []
    assert not CascadeRule.objects.exists()


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("proxy", "start", "--config", str(tmp_path / "none.yaml"))
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("proxy", "start", "--config", str(path))


def test_an_open_server_is_refused_unless_forced(served, tmp_path, monkeypatch):
    path = tmp_path / "open.yaml"
    path.write_text("server: {host: 192.0.2.1}\nauth: {mode: none}\n")
    with pytest.raises(CommandError, match="--allow-open"):
        call_command("proxy", "start", "--config", str(path))
    monkeypatch.setattr("routing.startup.serving.can_listen", lambda *_: True)
    call_command("proxy", "start", "--config", str(path), "--allow-open")
    ((server, _),) = served
    assert server.environment("")["CASCADE_ALLOW_OPEN"] == "true"
    assert server.environment("")["CASCADE_AUTH_MODE"] == "none"


def test_a_taken_port_is_refused_before_anything_happens(served, monkeypatch):
    monkeypatch.setattr("routing.startup.serving.can_listen", lambda *_: False)
    with pytest.raises(CommandError, match="PORT=8001"):
        call_command("proxy", "run")
    assert served == []
    assert not Provider.objects.exists()


def test_run_sets_everything_up(served, tmp_path, settings, capsys):
    settings.ENV_FILE = tmp_path / "none"
    call_command("proxy", "run", "--port", "9004")
    ((_, key),) = served
    assert ClientKey.objects.get().name == "demo"
    assert key in capsys.readouterr().out
    assert Provider.objects.get(name="simulator").enabled
    assert CascadeRule.objects.filter(enabled=True).count() == 2


def test_run_switches_on_a_provider_whose_key_is_there(
    served, tmp_path, settings, capsys
):
    settings.ENV_FILE = tmp_path / "none"
    settings.PROVIDER_KEYS = {**settings.PROVIDER_KEYS, "OPENAI_API_KEY": "sk-real"}
    call_command("proxy", "run", "--port", "9004")
    assert "Provider openai is switched on" in capsys.readouterr().out
    assert not Provider.objects.get(name="simulator").enabled


def test_an_option_may_make_good_what_the_settings_would_open(served, settings):
    settings.CASCADE_AUTH_MODE, settings.CASCADE_HOST = "none", "192.0.2.1"
    options = ("proxy", "start", "--port", "9005", "--host", "127.0.0.1")
    call_command(*options, skip_checks=False)
    assert served[0][0].host == "127.0.0.1"


def test_a_bad_setting_stops_the_start_with_its_id(served, settings):
    settings.CASCADE_AUTH_MODE = "open"
    with pytest.raises(SystemCheckError, match=r"cascade\.E001"):
        call_command("proxy", "run", skip_checks=False)
    assert served == []


def test_says_where_a_simulator_is_wanted(capsys):
    with Simulator() as running:
        Provider.objects.create(name="s", kind="simulator", base_url=running.url)
        call_command("proxy", "simulator")
    assert f"http://{capsys.readouterr().out}" == f"{running.url}\n"
