"""Which plan applies: a table."""

from __future__ import annotations

import dataclasses

import pytest

from metrics.stakes import Learned, RuleKey
from routing import rules
from routing.config import RuleConditions
from routing.errors import ConfigurationError, InvalidRequest
from routing.facts import ModelFacts
from tests.builders import DRAFT, VERIFIER, make_request, make_usage
from tests.routing.builders import (
    ACME,
    GLOBEX,
    make_owned,
    make_price,
    make_provider,
    make_rule,
    make_snapshot,
)

STREAMED = RuleConditions(streaming="streamed")


def min_tokens(tokens):
    return RuleConditions(min_prompt_tokens=tokens)


def plan(snapshot, model=VERIFIER, key=ACME):
    return rules.plan_for(make_request(model=model), key, snapshot)


def test_without_a_rule_the_owner_of_the_model_answers():
    found = plan(make_snapshot())
    assert (found.mode, found.draft, found.rule) == ("pass_through", None, None)
    assert (found.verifier.model, found.verifier.provider.name) == (VERIFIER, "main")


def test_a_rule_gives_draft_verifier_and_terms():
    rule = make_rule(verifier_model="verifier-other")
    found = plan(make_snapshot(rules=(rule,)))
    assert found.mode == "cascade"
    assert (found.draft.model, found.verifier.model) == (DRAFT, "verifier-other")
    assert found.rule is rule.terms


def test_the_verifier_is_the_requested_model_unless_the_rule_names_one():
    found = plan(make_snapshot(rules=(make_rule("verifier-*"),)), "verifier-new")
    assert found.verifier.model == "verifier-new"


@pytest.mark.parametrize(
    ("model", "key", "drafted"),
    [
        (VERIFIER, ACME, "first"),
        (VERIFIER, GLOBEX, "second"),
        ("verifier-other", GLOBEX, "third"),
        ("unknown", GLOBEX, None),
        ("third", GLOBEX, None),
    ],
)
def test_the_first_rule_that_applies_counts(model, key, drafted):
    snapshot = make_snapshot(
        rules=(
            make_rule(draft_model="first", client_key_id=ACME.id),
            make_rule(draft_model="second"),
            make_rule("verifier-*", draft_model="third"),
            make_rule("third", draft_model="third"),
        )
    )
    found = plan(snapshot, model, key)
    assert (found.draft.model if found.draft else None) == drafted


def test_the_first_pattern_that_matches_owns_a_model():
    snapshot = make_snapshot(
        patterns=(make_owned("verifier-*", "first"), make_owned("*", "second"))
    )
    assert rules.target_for(VERIFIER, snapshot).provider.name == "first"
    assert rules.target_for("other", snapshot).provider.name == "second"


def test_says_what_to_mend_when_nobody_owns_a_model():
    with pytest.raises(ConfigurationError, match=f"owns the model {VERIFIER}"):
        plan(make_snapshot(patterns=()))
    with pytest.raises(ConfigurationError, match="owns the model verifier-x"):
        plan(make_snapshot(patterns=(make_owned(VERIFIER),)), "verifier-x")


def test_a_draft_nobody_owns_cannot_be_asked_but_the_verifier_can():
    snapshot = make_snapshot(rules=(make_rule(),), patterns=(make_owned(VERIFIER),))
    found = plan(snapshot)
    assert found.verifier.provider.name == "main"
    assert DRAFT in found.draft.provider.trouble


def test_draft_and_verifier_may_live_at_different_providers():
    local = make_provider("local", kind="simulator")
    snapshot = make_snapshot(
        rules=(make_rule(),), patterns=(make_owned("draft-*", local), make_owned("*"))
    )
    found = plan(snapshot)
    assert (found.draft.provider, found.verifier.provider.name) == (local, "main")


def test_a_rule_can_be_planned_for_a_model_it_is_not_for():
    found = rules.plan_of(make_rule("other"), VERIFIER, make_snapshot())
    assert (found.draft.model, found.verifier.model) == (DRAFT, VERIFIER)


# --- Conditions -----------------------------------------------------------------------


def test_the_first_rule_whose_conditions_all_hold_applies():
    snapshot = make_snapshot(
        rules=(
            make_rule(draft_model="long", conditions=min_tokens(5000)),
            make_rule(draft_model="streamed", conditions=STREAMED),
            make_rule(draft_model="rest"),
        )
    )
    for request, expected in (
        (make_request("x" * 40_000, stream=True), "long"),
        (make_request(stream=True), "streamed"),
        (make_request(), "rest"),
    ):
        found = rules.plan_for(request, ACME, snapshot)
        assert found.draft.model == expected


def test_passes_through_when_no_rules_conditions_hold():
    snapshot = make_snapshot(rules=(make_rule(conditions=STREAMED),))
    found = rules.plan_for(make_request(), ACME, snapshot)
    assert (found.mode, found.rule, found.reason) == ("pass_through", None, "")


# --- The switch -----------------------------------------------------------------------


def test_switched_off_the_verifier_of_the_rule_answers_without_a_draft():
    rule = make_rule("cascade-auto", verifier_model=VERIFIER)
    snapshot = make_snapshot(rules=(rule,), cascade_on=False)
    found = plan(snapshot, "cascade-auto")
    assert (found.mode, found.draft) == ("pass_through", None)
    assert found.verifier.model == VERIFIER
    assert (found.rule, found.reason) == (rule.terms, "switched_off")


def test_switched_off_means_nothing_where_no_rule_applies():
    assert plan(make_snapshot(cascade_on=False)).reason == ""


# --- Forced by the client -------------------------------------------------------------


def forced(force, **changes):
    changes = {"rules": (make_rule(verifier_model="verifier-other"),), **changes}
    return rules.plan_for(make_request(), ACME, make_snapshot(**changes), force=force)


def test_off_is_as_though_no_rule_applied():
    found = forced("off")
    assert (found.verifier.model, found.draft, found.rule) == (VERIFIER, None, None)
    assert found.reason == "forced:off"


def test_verifier_asks_the_rules_verifier_and_no_draft():
    found = forced("verifier")
    assert (found.verifier.model, found.draft) == ("verifier-other", None)
    assert found.rule is not None
    assert found.reason == "forced:verifier"


def test_draft_asks_the_rules_draft_unjudged_and_nobody_in_its_place():
    rule = make_rule(fallback_model="spare-large")
    found = forced("draft", rules=(rule,))
    assert (found.verifier.model, found.draft, found.fallback) == (DRAFT, None, None)
    assert (found.rule, found.reason) == (rule.terms, "forced:draft")


@pytest.mark.parametrize("force", ["off", "verifier"])
def test_without_a_rule_forcing_is_a_plain_pass_through(force):
    found = forced(force, rules=())
    assert (found.verifier.model, found.rule) == (VERIFIER, None)
    assert found.reason == f"forced:{force}"


def test_a_draft_cannot_be_forced_without_a_rule():
    with pytest.raises(InvalidRequest, match="no rule applies"):
        forced("draft", rules=())


def test_a_draft_nobody_owns_cannot_be_forced():
    with pytest.raises(ConfigurationError, match=f"owns the model {DRAFT}"):
        forced("draft", patterns=(make_owned("verifier-*"),))


@pytest.mark.parametrize(
    ("force", "reason"),
    [("draft", "switched_off"), ("verifier", "forced:verifier"), ("off", "forced:off")],
)
def test_no_draft_can_be_forced_while_the_cascade_is_off(force, reason):
    found = forced(force, cascade_on=False)
    assert (found.draft, found.reason) == (None, reason)
    assert found.verifier.model != DRAFT


# --- Fallback -------------------------------------------------------------------------


def test_a_rules_fallback_is_part_of_the_plan():
    snapshot = make_snapshot(rules=(make_rule(fallback_model="spare-large"),))
    assert plan(snapshot).fallback.model == "spare-large"


def test_a_fallback_nobody_owns_is_none():
    snapshot = make_snapshot(
        rules=(make_rule(fallback_model="spare-large"),),
        patterns=(make_owned("verifier-*"), make_owned("draft-*")),
    )
    assert plan(snapshot).fallback is None


def elsewhere(**rule):
    """A snapshot whose models `spare-*` belong to a provider of their own."""
    spare = make_provider("spare", takes_client_credentials=True)
    return make_snapshot(
        rules=(make_rule(**rule),),
        patterns=(make_owned("spare-*", spare), make_owned()),
    )


BOUND = {
    "mcp_servers": [{"authorization_token": "secret"}],
    "fallback_credit_token": "secret",
    "inference_geo": "us",
}


@pytest.mark.parametrize(("name", "value"), BOUND.items())
def test_what_is_bound_to_a_provider_goes_to_no_fallback_at_another(name, value):
    snapshot = elsewhere(fallback_model="spare-large")
    assert rules.plan_for(make_request(), ACME, snapshot).fallback is not None
    bound = rules.plan_for(make_request(**{name: value}), ACME, snapshot)
    assert bound.fallback is None
    assert bound.mode == "cascade"


def test_a_clients_own_key_goes_to_no_fallback_at_another_provider():
    request = dataclasses.replace(make_request(), credential=("x-api-key", "sk-own"))
    found = rules.plan_for(request, ACME, elsewhere(fallback_model="spare-large"))
    assert found.fallback is None


@pytest.mark.parametrize(("name", "value"), BOUND.items())
def test_nor_can_a_client_force_it_to_a_draft_at_another(name, value):
    snapshot = elsewhere(draft_model="spare-small")
    request = make_request(**{name: value})
    with pytest.raises(InvalidRequest, match=name):
        rules.plan_for(request, ACME, snapshot, force="draft")


# --- The account ----------------------------------------------------------------------


def account(*providers, **options):
    patterns = tuple(make_owned("*", provider) for provider in providers)
    return rules.account_for(make_snapshot(patterns=patterns), **options).name


def test_the_account_is_that_of_the_first_provider_that_has_one():
    assert (
        account(
            make_provider("last", priority=2),
            make_provider("foreign", kind="openai"),
            make_provider("play", kind="simulator", priority=1),
            make_provider("main", priority=1),
        )
        == "main"
    )


def test_a_simulator_plays_the_account_too():
    assert account(make_provider("play", kind="simulator")) == "play"


def test_a_clients_own_key_reaches_only_an_account_that_takes_it():
    closed = make_provider("closed")
    own = make_provider("own", takes_client_credentials=True, priority=9)
    assert account(closed, own, takes_client_credentials=True) == "own"
    with pytest.raises(ConfigurationError):
        account(closed, takes_client_credentials=True)


def test_says_when_no_provider_has_an_account():
    with pytest.raises(ConfigurationError):
        account(make_provider(kind="openai_compatible"))


def test_a_target_knows_its_model():
    def facts_of(provider, model):
        return ModelFacts(prefill=(provider.name, model) == ("main", VERIFIER))

    snapshot = make_snapshot(facts_of=facts_of)
    assert rules.target_for(VERIFIER, snapshot).facts.prefill is True
    assert rules.target_for("other", snapshot).facts.prefill is False


# --- What is at stake -----------------------------------------------------------------


def test_a_plan_comes_with_prices_and_what_was_learned():
    known = Learned(accepted=3, output_ratio=1.5, token_ratio=1.25)
    key = RuleKey("default", DRAFT, VERIFIER, False)
    stakes = plan(make_snapshot(rules=(make_rule(),), learned={key: known})).stakes
    usage = make_usage()
    assert stakes.draft_price(usage) == make_price(1)
    assert stakes.verifier_price(usage) == make_price(10)
    assert (stakes.learned, stakes.gated) == (known, True)
    assert (stakes.token_ratio, stakes.output_ratio) == (1.25, 1.5)


def test_until_something_is_learned_tokenizers_are_assumed():
    rule = make_rule("claude-opus-5-5", draft_model="claude-haiku-4-5", economics=False)
    stakes = plan(make_snapshot(rules=(rule,)), "claude-opus-5-5").stakes
    assert (stakes.token_ratio, stakes.output_ratio, stakes.gated) == (1.3, 1.3, False)


def test_play_money_teaches_nothing_about_real_money():
    learned = {RuleKey("default", DRAFT, VERIFIER, True): Learned(accepted=3)}
    real = make_snapshot(rules=(make_rule(),), learned=learned)
    assert plan(real).stakes.learned.outcomes == 0
    play = make_owned("*", make_provider(kind="simulator"))
    simulated = make_snapshot(rules=(make_rule(),), learned=learned, patterns=(play,))
    assert plan(simulated).stakes.learned.outcomes == 3
