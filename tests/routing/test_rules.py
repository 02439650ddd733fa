"""Which plan applies: a table."""

from __future__ import annotations

import pytest

from routing import rules
from routing.errors import ConfigurationError
from tests.builders import DRAFT, VERIFIER, make_request
from tests.routing.builders import (
    ACME,
    GLOBEX,
    make_owned,
    make_provider,
    make_rule,
    make_snapshot,
)


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
