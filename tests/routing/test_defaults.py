import pytest

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
    }
    patterns = UpstreamModel.objects.values_list("provider__name", "name")
    assert {*patterns} == {
        ("anthropic", "claude*"),
        ("anthropic", "*"),
        ("openai", "gpt*"),
        ("openai", "o*"),
        ("groq", "llama*"),
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
    assert CascadeRule.objects.get().threshold == 0.9
    assert not Provider.objects.exists()


def test_who_brings_rules_never_gets_the_default_ones():
    assert defaults.load_once(rules=False)
    assert not defaults.load_once(rules=True)
    assert Provider.objects.exists()
    assert not CascadeRule.objects.exists()


def test_default_rules_measure_a_share_and_ask_nobody_else():
    defaults.load_once(rules=True)
    for rule in CascadeRule.objects.all():
        assert rule.shadow_percent == 2.0
        assert (rule.second_model, rule.judge_model) == ("", "")
        assert rule.prior >= rule.threshold  # the first answer may be a draft's
