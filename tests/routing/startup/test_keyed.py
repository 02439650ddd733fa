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


def switched_on() -> set[str]:
    rules = CascadeRule.objects.filter(enabled=True)
    return {rule.name for rule in rules if not rule.name.startswith("claude")}


def test_without_a_key_nothing_is():
    assert keyed.switch_on() == []
    assert switched_on() == set()


def test_a_key_switches_on_its_provider_and_its_rules_alone(settings):
    give_key(settings, "OPENAI_API_KEY")
    assert keyed.switch_on() == ["openai"]
    assert usable(Provider.objects.get(name="openai", enabled=True), "api_key")
    assert not Provider.objects.get(name="groq").enabled
    assert switched_on() == {"gpt-6-1-sol", "gpt-6-astra"}


def test_the_rules_of_another_provider_go_with_theirs(settings):
    give_key(settings, "GROQ_API_KEY")
    assert keyed.switch_on() == ["groq"]
    assert switched_on() == {"gpt-oss-120b", "llama-3-3-70b"}


def test_what_an_operator_switched_off_stays_off(settings):
    give_key(settings, "OPENAI_API_KEY")
    keyed.switch_on()
    Provider.objects.filter(name="openai").update(enabled=False)
    assert keyed.switch_on() == []


def test_the_rules_come_on_where_an_operator_was_first(settings):
    Provider.objects.filter(name="openai").update(enabled=True)
    assert keyed.switch_on() == []
    assert switched_on() == set()
    give_key(settings, "OPENAI_API_KEY")
    assert keyed.switch_on() == ["openai"]
    assert switched_on() == {"gpt-6-1-sol", "gpt-6-astra"}


def test_a_further_key_is_one():
    further = ProviderKey(provider=Provider.objects.get(name="groq"), name="team-b")
    further.set_key("gsk-real")
    further.save()
    assert keyed.switch_on() == ["groq"]


def test_the_simulator_waits_for_no_key():
    assert "simulator" not in keyed.switch_on()
    assert not Provider.objects.get(name="simulator").enabled
