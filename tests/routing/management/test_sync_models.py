"""`manage.py sync_models`, asked of a running simulator."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from routing import snapshot
from routing.models import Provider, UpstreamModel
from routing.providers.transport import PooledTransport
from routing.rules import target_for
from routing.simulator import Simulator

pytestmark = pytest.mark.django_db

HAIKU = "claude-haiku-4-5"


@pytest.fixture
def upstream(monkeypatch):
    """A simulator, reached by connections that close with it."""
    transport = PooledTransport()
    monkeypatch.setattr("routing.connection._transport", transport)
    with Simulator() as running:
        yield running
    transport.close()


@pytest.fixture
def simulated(upstream):
    Provider.objects.all().delete()
    row = Provider(name="main", kind="simulator", base_url=upstream.url)
    row.set_key("sk-of-main")
    row.save()
    return row


def test_fills_the_table_and_says_so(simulated, upstream, capsys):
    call_command("sync_models")
    printed = capsys.readouterr().out
    assert "main: 14 new, 0 changed, 0 as before" in printed
    assert f"  new      {HAIKU}\n" in printed
    target = target_for(HAIKU, snapshot.load())
    assert target.facts.thinking == {"disabled", "enabled"}
    assert target.facts.max_output_tokens == 64_000
    assert target.facts.prefill is True  # from the shipped list
    (asked,) = upstream.requests
    assert dict(asked.headers)["x-api-key"] == "sk-of-main"
    assert dict(asked.headers)["anthropic-version"] == "2023-06-01"


def test_tells_what_changed(simulated, capsys):
    call_command("sync_models")
    UpstreamModel.objects.filter(name=HAIKU).update(max_output_tokens=1)
    capsys.readouterr()
    call_command("sync_models")
    printed = capsys.readouterr().out
    assert "main: 0 new, 1 changed, 13 as before" in printed
    assert f"  changed  {HAIKU}: max_output_tokens" in printed


def test_tells_what_another_serves_and_what_is_gone(simulated, capsys):
    other = Provider.objects.create(
        name="other",
        kind="openai",
        base_url="http://other.test",
        key_reference="env:NOT_THERE",
    )
    other.models.create(name=HAIKU)
    call_command("sync_models")
    UpstreamModel.objects.filter(name="claude-opus-5").update(name="claude-gone")
    printed = capsys.readouterr().out
    assert f"  new      {HAIKU}, off: another provider serves it" in printed
    call_command("sync_models")
    assert "  kept     claude-gone, no longer listed" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(simulated, capsys):
    call_command("sync_models", "--dry-run")
    assert "14 new, 0 changed, 0 as before (nothing written)" in capsys.readouterr().out
    assert not UpstreamModel.objects.exists()


def test_one_that_cannot_be_asked_stops_no_other(simulated, capsys):
    Provider.objects.create(
        name="away", kind="anthropic", base_url="http://127.0.0.1:9", priority=1
    )
    Provider.objects.create(
        name="keyless",
        kind="anthropic",
        base_url="http://a.test",
        key_reference="env:NOT_THERE",
        priority=2,
    )
    with pytest.raises(CommandError, match="1 of 3 providers not synced: away"):
        call_command("sync_models")
    printed = capsys.readouterr()
    assert "away: The provider cannot be reached." in printed.err
    assert "keyless: skipped. The provider keyless has no" in printed.out
    assert "main: 14 new" in printed.out


def test_a_refusal_is_told(simulated, capsys):
    Provider.objects.update(base_url=f"{simulated.base_url}/nowhere")
    with pytest.raises(CommandError, match="1 of 1 providers not synced: main"):
        call_command("sync_models", "--provider", "main")
    assert "main: It answered 404." in capsys.readouterr().err


def test_only_the_one_that_was_named_is_asked(simulated, capsys):
    Provider.objects.create(name="other", kind="anthropic", base_url="http://a.test")
    call_command("sync_models", "--provider", "main")
    assert "other" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "elsewhere"}, "There is no provider main"),
        ({"enabled": False}, "main is switched off"),
    ],
)
def test_says_why_a_provider_cannot_be_synced(simulated, fields, words):
    Provider.objects.update(**fields)
    with pytest.raises(CommandError, match=words):
        call_command("sync_models", "--provider", "main")


def test_without_a_provider_there_is_nothing_to_do(simulated):
    Provider.objects.update(enabled=False)
    with pytest.raises(CommandError, match="No enabled provider"):
        call_command("sync_models")
