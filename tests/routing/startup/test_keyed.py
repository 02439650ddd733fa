"""Default providers and rules wait for a key, and are switched on once."""

from __future__ import annotations

import pytest

from routing import defaults
from routing.models import CascadeRule, Provider, ProviderKey
from routing.startup import keyed
from routing.startup.providers import usable

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _defaults():
    defaults.load_once(rules=True)


def give_key(settings, name: str) -> None:
    settings.PROVIDER_KEYS = {**settings.PROVIDER_KEYS, name: "sk-real"}


def providers(auth_mode: str = "api_key") -> list[str]:
    return [made.provider for made in keyed.switch_on(auth_mode)]


def switched_on() -> set[str]:
    rules = CascadeRule.objects.filter(enabled=True)
    return {rule.name for rule in rules if not rule.name.startswith("claude")}


def test_without_a_key_nothing_is():
    assert providers() == []
    assert switched_on() == set()


def test_a_key_switches_on_its_provider_and_its_rules_alone(settings):
    give_key(settings, "OPENAI_API_KEY")
    assert providers() == ["openai"]
    assert usable(Provider.objects.get(name="openai", enabled=True), "api_key")
    assert not Provider.objects.get(name="groq").enabled
    assert switched_on() == {"gpt-6-1-sol", "gpt-6-astra"}


def test_the_rules_of_another_provider_go_with_theirs(settings):
    give_key(settings, "GROQ_API_KEY")
    assert providers() == ["groq"]
    assert switched_on() == {"gpt-oss-120b", "llama-3-3-70b"}


def test_what_an_operator_switched_off_stays_off(settings):
    give_key(settings, "OPENAI_API_KEY")
    keyed.switch_on("api_key")
    Provider.objects.filter(name="openai").update(enabled=False)
    assert providers() == []


def test_the_rules_come_on_where_an_operator_was_first(settings):
    Provider.objects.filter(name="openai").update(enabled=True)
    assert providers() == []
    assert switched_on() == set()
    give_key(settings, "OPENAI_API_KEY")
    assert providers() == ["openai"]
    assert switched_on() == {"gpt-6-1-sol", "gpt-6-astra"}


def test_a_further_key_is_one():
    further = ProviderKey(provider=Provider.objects.get(name="groq"), name="team-b")
    further.set_key("gsk-real")
    further.save()
    assert providers() == ["groq"]


def test_the_simulator_waits_for_no_key():
    assert "simulator" not in providers()
    assert not Provider.objects.get(name="simulator").enabled


def asked() -> dict[str, str]:
    rules = CascadeRule.objects.filter(name__startswith="claude")
    return {rule.name: rule.second_when for rule in rules}


def test_a_second_opinion_waits_for_the_key_of_its_provider(settings):
    assert set(asked().values()) == {"off"}
    give_key(settings, "GROQ_API_KEY")
    keyed.switch_on("api_key")
    assert set(asked().values()) == {"off"}
    give_key(settings, "OPENAI_API_KEY")
    (made,) = keyed.switch_on("api_key")
    assert made.asking == ("claude-opus-5-5", "claude-sonnet-5-5")
    assert asked() == {
        "claude-opus-5-5": "uncertain",
        "claude-sonnet-5-5": "uncertain",
    }


def test_a_rule_an_operator_edited_asks_nobody_new(settings):
    CascadeRule.objects.filter(name="claude-opus-5-5").update(mode="observe")
    CascadeRule.objects.filter(name="claude-sonnet-5-5").update(second_when="always")
    give_key(settings, "OPENAI_API_KEY")
    (made,) = keyed.switch_on("api_key")
    assert made.asking == ()
    assert asked() == {"claude-opus-5-5": "off", "claude-sonnet-5-5": "always"}


def test_no_second_opinion_is_asked_where_clients_bring_their_keys(settings):
    give_key(settings, "OPENAI_API_KEY")
    keyed.switch_on("pass_through")
    assert set(asked().values()) == {"off"}
