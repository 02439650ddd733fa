import pytest
from django.core.management import call_command

from metrics.models import ModelPrice
from routing import defaults
from routing.models import CascadeRule, Provider, UpstreamModel

pytestmark = pytest.mark.django_db


def test_a_new_database_gets_providers_patterns_and_rules():
    assert defaults.load_once(rules=True)
    assert {
        rule.request_model: rule.draft_model for rule in CascadeRule.objects.all()
    } == {
        "claude-opus-5-5*": "claude-haiku-5-5",
        "claude-sonnet-5-5*": "claude-haiku-5-5",
        "gpt-6.1-sol*": "gpt-6-luna",
        "gpt-6-astra*": "gpt-6-luna",
        "openai/gpt-oss-120b": "openai/gpt-oss-20b",
        "llama-3.3-70b-versatile": "llama-3.1-8b-instant",
    }
    assert {rule.name for rule in CascadeRule.objects.filter(enabled=True)} == {
        "claude-opus-5-5",
        "claude-sonnet-5-5",
    }
    patterns = UpstreamModel.objects.values_list("provider__name", "name")
    assert {*patterns} == {
        ("anthropic", "claude*"),
        ("anthropic", "*"),
        ("openai", "gpt*"),
        ("openai", "o1*"),
        ("openai", "o3*"),
        ("openai", "o4*"),
        ("openai", "chatgpt*"),
        ("groq", "llama*"),
        ("groq", "openai/gpt-oss*"),
        ("groq", "qwen/*"),
        ("groq", "moonshotai/*"),
        ("simulator", "claude*"),
        ("simulator", "*"),
    }
    assert not Provider.objects.get(name="simulator").enabled


def test_what_an_operator_changed_or_deleted_stays_so():
    defaults.load_once(rules=True)
    CascadeRule.objects.filter(name="claude-opus-5-5").update(threshold=0.9)
    CascadeRule.objects.filter(name="claude-sonnet-5-5").delete()
    Provider.objects.all().delete()
    assert not defaults.load_once(rules=True)
    rules = CascadeRule.objects.filter(name__startswith="claude")
    assert rules.get().threshold == 0.9
    assert not Provider.objects.exists()


def test_who_brings_rules_never_gets_the_default_ones():
    assert defaults.load_once(rules=False)
    assert not defaults.load_once(rules=True)
    assert Provider.objects.exists()
    assert not CascadeRule.objects.exists()


def test_default_rules_measure_a_share_and_ask_nobody_without_a_key():
    defaults.load_once(rules=True)
    for rule in CascadeRule.objects.all():
        assert rule.shadow_percent == 2.0
        assert rule.second_when == "off" or not rule.second_model
        assert rule.judge_model == ""
        assert rule.prior >= rule.threshold  # the first answer may be a draft's


def test_the_default_rules_are_for_models_that_have_a_price():
    call_command("load_prices", verbosity=0)
    defaults.load_once(rules=True)
    priced = set(ModelPrice.objects.values_list("model", flat=True))
    others = CascadeRule.objects.filter(enabled=False)
    assert {rule.draft_model for rule in others} <= priced
    assert {rule.request_model.strip("*") for rule in others} <= priced
