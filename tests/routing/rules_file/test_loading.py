import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from routing import defaults, secrets
from routing.models import CascadeRule, ClientKey, ConfigVersion, Provider
from routing.rules_file.loading import load
from routing.rules_file.parsing import parse
from routing.rules_file.problems import RulesFileError

pytestmark = pytest.mark.django_db

ISSUE = """
server: {host: 0.0.0.0, port: 8000, workers: 1, log_level: info}
auth: {mode: none, api_keys: []}
cascade_rules:
  - {request_model: claude-3-5-sonnet-20241022, draft_model: claude-3-5-haiku-20241022,
     verifier_model: claude-3-5-sonnet-20241022, quality_threshold: 0.7}
  - {request_model: claude-3-opus-20240229, draft_model: claude-3-5-sonnet-20241022,
     verifier_model: claude-3-opus-20240229, quality_threshold: 0.75}
api_keys: {anthropic: "${ANTHROPIC_API_KEY}", openai: "${OPENAI_API_KEY}",
           groq: "${GROQ_API_KEY}"}
providers:            # optional
  - {name: local, kind: anthropic, base_url: "http://127.0.0.1:18400", api_key: sk-x,
     models: ["mock*", "cap*"]}
"""
RULE = """
cascade_rules:
  - name: first
    request_model: verifier-large
    draft_model: draft-small
"""


def load_text(text: str, *, prune: bool = False):
    return load(parse(text, "rules.yaml"), prune=prune)


def refusals(text: str) -> list[str]:
    with pytest.raises(RulesFileError) as caught:
        load_text(text)
    return str(caught.value).splitlines()


def test_loads_the_file_people_bring_from_elsewhere():
    defaults.load_once(rules=False)
    load_text(ISSUE)
    rule = CascadeRule.objects.get(name="claude-3-opus-20240229")
    assert (rule.draft_model, rule.threshold) == ("claude-3-5-sonnet-20241022", 0.75)
    local = Provider.objects.get(name="local")
    assert local.key() == "sk-x"
    assert "sk-x" not in local.key_encrypted
    assert Provider.objects.get(name="groq").key_reference == "env:GROQ_API_KEY"


def test_loading_again_changes_nothing_and_wakes_nobody():
    defaults.load_once(rules=False)
    load_text(ISSUE)
    version, token = ConfigVersion.current(), Provider.objects.get(name="local")
    done = load_text(ISSUE)
    assert set(done.counts) == {"unchanged"}
    assert ConfigVersion.current() == version
    assert Provider.objects.get(name="local").key_encrypted == token.key_encrypted


def test_a_field_left_out_goes_back_to_its_default():
    load_text(RULE + "    quality_threshold: 0.9\n")
    load_text(RULE)
    assert CascadeRule.objects.get(name="first").threshold == 0.7


CONDITIONS = """
    tools: without
    streaming: whole
    subagents: only
    min_prompt_tokens: 10
    max_prompt_tokens: 8000
    headers: {x-app: "cli*", anthropic-beta: ["*one*", "*two*"]}
    rollout_percent: 12.5
    clamp_max_tokens: true
    fallback_model: spare-large
"""


def test_a_rule_says_which_requests_it_is_for():
    load_text(RULE.rstrip() + CONDITIONS)
    rule = CascadeRule.objects.get()
    assert (rule.tools, rule.streaming, rule.subagents) == ("without", "whole", "only")
    assert (rule.min_prompt_tokens, rule.max_prompt_tokens) == (10, 8000)
    assert rule.headers == "x-app: cli*\nanthropic-beta: *one*\nanthropic-beta: *two*"
    assert (rule.rollout_percent, rule.clamp_max_tokens) == (12.5, True)
    assert rule.fallback_model == "spare-large"
    load_text(RULE)
    rule.refresh_from_db()
    assert (rule.tools, rule.max_prompt_tokens, rule.headers) == ("any", None, "")


def test_a_provider_takes_clients_own_keys_only_when_the_file_says_so():
    text = "providers: [{name: a, kind: anthropic%s}]"
    for said, expected in ((", takes_client_credentials: true", True), ("", False)):
        load_text(text % said)
        assert Provider.objects.get().takes_client_credentials is expected


def test_the_default_providers_of_our_wire_take_clients_own_keys():
    defaults.load_once(rules=False)
    takers = Provider.objects.filter(takes_client_credentials=True)
    assert {row.name for row in takers} == {"anthropic", "simulator"}


def test_a_client_key_may_more_only_while_the_file_says_so():
    text = "auth: {api_keys: [{name: acme, key: another%s}]}"
    for said, expected in (
        (", may_force: true, account_access: true", True),
        ("", False),
    ):
        load_text(text % said)
        row = ClientKey.objects.get()
        assert (row.may_force, row.account_access) == (expected, expected)


BOUNDED_KEY = """
auth:
  api_keys:
    - name: acme
      key: another
      owner: web
      expires_at: 2027-06-30
      allowed_models: ["claude-haiku-*", verifier-large]
      allowed_rules: [first]
      requests_per_minute: 60
      usd_per_day: 20.5
      session_requests: 0
"""


def test_a_client_key_is_bounded_by_what_the_file_says():
    load_text(BOUNDED_KEY)
    row = ClientKey.objects.get()
    assert (row.owner, row.allowed_rules) == ("web", "first")
    assert row.allowed_models == "claude-haiku-*\nverifier-large"
    assert f"{row.expires_at:%Y-%m-%d}" in {"2027-06-30", "2027-07-01"}
    assert (row.requests_per_minute, row.session_requests) == (60, 0)
    assert row.usd_per_day == Decimal("20.5")
    assert row.tokens_per_minute is None
    assert load_text(BOUNDED_KEY).counts == {"unchanged": 1}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("{name: acme, key: another}", 60),
        ("another", 60),
        ("{name: acme, key: another, requests_per_minute: null}", None),
        ("{name: acme, key: another, requests_per_minute: 5}", 5),
    ],
)
def test_a_limit_is_lifted_only_by_a_file_that_names_it(key, expected):
    load_text(BOUNDED_KEY)
    load_text(f"auth: {{api_keys: [{key}]}}")
    assert ClientKey.objects.get().requests_per_minute == expected


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("usd_per_day: -1", "expected US dollars"),
        ("usd_per_day: 0.00001", "expected US dollars"),
        ("usd_per_month: many", "expected a number"),
        ("requests_per_minute: -5", "must not be below 0"),
        ("expires_at: soon", "expected a day or moment"),
        ("allowed_models: claude", "expected a list"),
        ("allowed_models: ['a b']", ""),
        ("limit: 5", "unknown field"),
    ],
)
def test_a_bound_that_is_none_is_refused(said, complaint):
    lines = refusals(f"auth: {{api_keys: [{{name: acme, key: k, {said}}}]}}")
    assert len(lines) == 1
    assert f"auth.api_keys[0].{said.partition(':')[0]}: {complaint}" in lines[0]
    assert not ClientKey.objects.exists()


def test_a_file_does_not_bring_back_a_key_that_was_rotated_away():
    text = "auth: {api_keys: [{name: acme, key: another}]}"
    load_text(text)
    row = ClientKey.objects.get()
    new = row.rotate(overlap=timedelta(hours=1))
    load_text(text)
    assert ClientKey.objects.get().digest == secrets.client_key_digest(new)


def test_every_example_of_the_documentation_loads():
    defaults.load_once(rules=False)
    page = Path(settings.BASE_DIR, "docs", "rules.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(examples) > 3
    for example in examples:
        load_text(example)
    assert CascadeRule.objects.get(name="subagents").subagents == "only"


def test_nothing_is_half_loaded():
    lines = refusals(
        RULE
        + """
  - name: second
    request_model: verifier-large
    draft_model: verifier-large
"""
    )
    assert lines == [
        "rules.yaml:9: cascade_rules[1].draft_model: This is the requested model "
        "itself. Name a cheaper model, or delete the rule: without one the model "
        "answers directly."
    ]
    assert not CascadeRule.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE + "    quality_threshold: 1.5", "6: cascade_rules[0].quality_threshold:"),
        (RULE + "    prior: -1", "6: cascade_rules[0].prior:"),
        (RULE + "    key: nobody", "6: cascade_rules[0].key: there is no client key"),
        (RULE + "    verifier_model: draft-small", "5: cascade_rules[0].draft_model:"),
        (
            RULE + "    max_prompt_tokens: 5\n    min_prompt_tokens: 6",
            "6: cascade_rules[0].max_prompt_tokens: No prompt has at least 6",
        ),
        (RULE + "    fallback_model: verifier-large", "6: cascade_rules[0].fallback_m"),
        (RULE + "    rollout_percent: 101", "6: cascade_rules[0].rollout_percent:"),
        (
            RULE + "    subagents: never\n    headers: {x-claude-code-agent-id: '*'}",
            "7: cascade_rules[0].headers: Only subagents send",
        ),
        (RULE + "    draft_timeout_s: 0", "6: cascade_rules[0].draft_timeout_s:"),
        ("api_keys: {mistral: x}", "1: api_keys.mistral: no provider has this name"),
        ("providers: [{name: a, kind: openai_compatible}]", "providers[0].base_url:"),
        (
            "providers: [{name: a, kind: anthropic, base_url: ftp://x.test}]",
            "Begin with https://",
        ),
        ("auth: {api_keys: ['']}", "1: auth.api_keys[0]: this key is empty"),
    ],
)
def test_a_refused_row_is_named_by_line_and_field(text, said):
    assert said in "\n".join(refusals(text))


def test_prune_deletes_what_the_file_does_not_name():
    load_text(RULE)
    load_text(RULE.replace("first", "other"))
    assert CascadeRule.objects.count() == 2
    done = load_text(RULE, prune=True)
    assert done.counts["removed"] == 1
    assert [rule.name for rule in CascadeRule.objects.all()] == ["first"]


def test_prune_leaves_providers_alone_when_the_file_lists_none():
    defaults.load_once(rules=False)
    load_text(RULE, prune=True)
    assert Provider.objects.filter(name="anthropic").exists()


def test_client_keys_are_kept_as_digests_once_each():
    text = "auth: {api_keys: [a-key-of-ours, {name: acme, key: another, tag: web}]}"
    load_text(text)
    load_text(text)
    acme = ClientKey.objects.get(name="acme")
    assert acme.digest == secrets.client_key_digest("another")
    assert acme.tag == "web"
    assert ClientKey.objects.count() == 2


def test_a_rule_may_be_for_a_key_of_the_same_file():
    load_text(
        "auth: {api_keys: [{name: acme, key: another}]}\n" + RULE + "    key: acme"
    )
    assert CascadeRule.objects.get().client_key.name == "acme"


def test_a_private_host_named_in_a_file_is_allowed_with_a_note():
    done = load_text(
        "providers: [{name: gpu, kind: openai_compatible, base_url: 'http://gpu:8080'}]"
    )
    assert Provider.objects.get(name="gpu").private_allowed
    assert "http://gpu:8080" in done.notes[0]


def test_a_public_host_needs_no_permission():
    done = load_text("providers: [{name: a, kind: anthropic}]")
    row = Provider.objects.get(name="a")
    assert row.base_url == "https://api.anthropic.com"
    assert not row.private_allowed
    assert done.notes == []


def test_a_stored_key_does_not_follow_a_provider_to_another_host():
    here = "providers: [{name: a, kind: anthropic, base_url: 'https://one.test'%s}]"
    load_text(here % ", api_key: sk-secret")
    load_text(here % "")
    assert Provider.objects.get().key() == "sk-secret"
    load_text((here % "").replace("one.test", "two.test"))
    assert Provider.objects.get().key() == ""


def test_models_given_are_the_models_it_has():
    text = "providers: [{name: a, kind: anthropic, models: [%s]}]"
    load_text(text % "'x*', {name: y, display_name: Why, enabled: false}")
    load_text(text % "{name: y, display_name: Why}, z")
    models = Provider.objects.get().models
    assert list(models.values_list("name", "display_name", "enabled")) == [
        ("y", "Why", True),
        ("z", "", True),
    ]


def test_what_is_known_of_a_model_outlives_a_file_that_leaves_it_out():
    load_text(LOCAL.format(models='["mock*", "cap-1", "cap-2"]'))
    provider = Provider.objects.get(name="local")
    provider.models.filter(name="cap-1").update(max_output_tokens=8000)
    provider.models.create(name="mock-large", parameter_rules={"prefill": True})
    done = load_text(LOCAL.format(models='["mock*"]'))
    left = dict(provider.models.values_list("name", "enabled"))
    assert left == {"mock*": True, "mock-large": True, "cap-1": False}
    assert (done.counts["removed"], done.counts["changed"]) == (1, 1)
    assert load_text(LOCAL.format(models='["mock*"]')).counts["changed"] == 0


LOCAL = """
providers:
  - {{name: local, kind: anthropic, base_url: "http://127.0.0.1:18400",
     models: {models}}}
"""
