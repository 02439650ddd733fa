"""The list of models: whose names are in it, in what order, page by page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.http import QueryDict

from routing import model_table
from routing.config import KnownModel, Pattern
from routing.errors import InvalidRequest
from routing.facts import ModelFacts
from routing.model_list import EPOCH, Listed, models_for, page
from tests.builders import DRAFT, VERIFIER, make_terms
from tests.routing.builders import (
    ACME,
    GLOBEX,
    make_owned,
    make_provider,
    make_rule,
    make_snapshot,
)

FACTS = ModelFacts(max_input_tokens=200_000, max_output_tokens=8_000)
RELEASED = datetime(2026, 5, 4, tzinfo=UTC)
SHIPPED = {model.name for model in model_table.shipped().models}


def row(name, *, provider="main", **fields):
    return KnownModel(provider=provider, pattern=Pattern(name), facts=FACTS, **fields)


def names(key=ACME, **snapshot):
    return set(models_for(key, make_snapshot(**snapshot))) - SHIPPED


def entry_of(name, **snapshot):
    return models_for(ACME, make_snapshot(**snapshot))[name].as_entry()


def test_lists_rows_with_names_of_their_owners():
    models = (row(VERIFIER), row("claude-*"), row("local", provider="other"))
    assert names(models=models) == {VERIFIER}


def test_does_not_list_what_nobody_serves():
    patterns = (make_owned("draft-*"),)
    assert names(models=(row(VERIFIER), row(DRAFT)), patterns=patterns) == {DRAFT}
    assert not set(models_for(ACME, make_snapshot(patterns=patterns))) & SHIPPED


def test_lists_shipped_models_where_claude_runs():
    assert set(models_for(ACME, make_snapshot())) == SHIPPED
    elsewhere = (make_owned("*", make_provider(kind="openai_compatible")),)
    assert set(models_for(ACME, make_snapshot(patterns=elsewhere))) == set()


def test_lists_names_of_rules_that_apply_to_the_key():
    rules = (
        make_rule("cascade-auto", verifier_model=VERIFIER),
        make_rule("research-auto", tag=GLOBEX.tag),
        make_rule("globex-only", client_key_id=GLOBEX.id),
        make_rule("any-*"),
    )
    assert names(rules=rules) == {"cascade-auto"}
    assert names(GLOBEX, rules=rules) == {
        "cascade-auto",
        "research-auto",
        "globex-only",
    }


def test_does_not_list_a_name_whose_verifier_nobody_serves():
    rules = (make_rule("cascade-auto", verifier_model=VERIFIER),)
    assert names(rules=rules, patterns=(make_owned("draft-*"),)) == set()


def test_a_name_of_a_rule_has_the_facts_of_its_verifier():
    entry = entry_of(
        "cascade-auto",
        models=(row(VERIFIER, released_at=RELEASED, lifecycle="deprecated"),),
        rules=(make_rule("cascade-auto", verifier_model=VERIFIER, terms=make_terms()),),
        facts_of=lambda *_: FACTS,
    )
    assert (entry["id"], entry["display_name"]) == ("cascade-auto", "cascade-auto")
    assert (entry["created_at"], entry["lifecycle"]) == (RELEASED, "deprecated")
    assert (entry["max_input_tokens"], entry["max_tokens"]) == (200_000, 8_000)


def test_an_entry_is_what_the_api_says_of_a_model():
    capabilities = {"batch": {"supported": True}}
    entry = entry_of(
        VERIFIER,
        models=(row(VERIFIER, display_name="Large", capabilities=capabilities),),
        facts_of=lambda *_: FACTS,
    )
    assert entry == {
        "type": "model",
        "id": VERIFIER,
        "display_name": "Large",
        "created_at": EPOCH,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": None,
        "max_input_tokens": 200_000,
        "max_tokens": 8_000,
        "capabilities": capabilities,
    }


def test_the_newest_come_first_and_unknown_days_last():
    models = (
        row("old", released_at=RELEASED.replace(year=2024)),
        row("ageless"),
        row("new", released_at=RELEASED),
    )
    listed = list(models_for(ACME, make_snapshot(models=models)))
    assert listed[:3] == ["new", "old", "ageless"]


MODELS = [
    Listed(id=f"m{number}", display_name="", lifecycle=stage)
    for number, stage in enumerate(["active"] * 22 + ["deprecated", "retired"])
]


def paged(query):
    got = page(MODELS, QueryDict(query))
    ids = [model["id"] for model in got["data"]]
    assert (got["first_id"], got["last_id"]) == (ids[0], ids[-1])
    return ids, got["has_more"]


@pytest.mark.parametrize(
    ("query", "first", "last", "count", "more"),
    [
        ("", "m0", "m19", 20, True),
        ("limit=1000", "m0", "m22", 23, False),
        ("limit=1", "m0", "m0", 1, True),
        ("after_id=m19", "m20", "m22", 3, False),
        ("after_id=m4&limit=2", "m5", "m6", 2, True),
        ("before_id=m4&limit=2", "m2", "m3", 2, True),
        ("before_id=m4", "m0", "m3", 4, False),
        ("lifecycle=retired", "m23", "m23", 1, False),
        ("lifecycle=deprecated&lifecycle=retired", "m22", "m23", 2, False),
        ("lifecycle[]=deprecated&lifecycle%5B%5D=retired", "m22", "m23", 2, False),
        ("unknown=1&limit=2", "m0", "m1", 2, True),
    ],
)
def test_pages(query, first, last, count, more):
    ids, has_more = paged(query)
    assert (ids[0], ids[-1], len(ids), has_more) == (first, last, count, more)


def test_a_page_past_the_end_is_empty():
    got = page(MODELS, QueryDict("after_id=m22"))
    assert got == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=\u0661",
        "limit=" + "1" * 5000,
        "lifecycle=new",
        "lifecycle=",
        "after_id=nobody",
        "before_id=",
        "after_id=m1&before_id=m2",
    ],
)
def test_refuses_parameters_that_are_none(query):
    with pytest.raises(InvalidRequest):
        page(MODELS, QueryDict(query))
